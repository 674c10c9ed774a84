"""A partly refused ask: what it got and what it lacks are kept together, and read again together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsproof.model.argument import Partly
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Forbidden
from opsproof.model.scope import Scope
from opsproof.testing.links import target_of
from opsproof.transport.link import Link
from tests.collect import toy

SECRET = "exec-plugin-t0ken"
BUCKET = Scope("bucket", "backups")


def refused_in_part(ask: Ask, link: Link) -> Any:
    link.secret(SECRET)
    return Partly(["a", "b"], (Failure("Forbidden", f"{SECRET} may not list it", link.target.id, BUCKET),))


@pytest.mark.parametrize("live", [True, False], ids=["live", "replayed"])
def test_facts_and_gaps_are_kept_together_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, live: bool
) -> None:
    """A replay decides on the same part, and knows what is lacking."""
    target = target_of("http")
    toy.install(monkeypatch, refused_in_part)
    ask = toy.Words(target=target.id)
    toy.collection(tmp_path, target).answer(ask)

    answer = toy.collection(tmp_path, target, live=live).answer(ask)

    gap = Failure("Forbidden", "[secret] may not list it", target.id, BUCKET)
    assert (["a", "b"], (gap,), None) == (answer.seen(), answer.gaps, answer.failure)
    with pytest.raises(Forbidden):
        answer.value()
