"""Around the reading of facts: what they cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opsproof.examine.examination import Examination
from opsproof.model.failure import CollectionError, NotApplicable, Undecided
from opsproof.model.subject import Subject


@contextmanager
def deciding(examine: Examination, subject: Subject) -> Iterator[None]:
    """Around the reading of facts: what they cannot tell is the subject's own finding."""
    try:
        yield
    except NotApplicable as reason:
        examine.not_applicable(subject, str(reason))
    except (Undecided, CollectionError) as reason:
        examine.unknown(subject, reason)
