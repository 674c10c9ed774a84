"""Whether an empty namespace is one: the API lists nothing in a namespace that was never made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from opsproof.model.argument import Answer, listing
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure
from opsproof.model.listing import Listing
from opsproof.model.scope import Scope, in_namespace

# The proof itself was refused, or a recording is from before it was asked for.
_NO_PROOF = frozenset({"Forbidden", "NotRecorded"})

Lists = Sequence[Answer[Any]]
Proofs = Mapping[str, Answer[Any]]


def proven(lists: Lists, proofs: Proofs, scope: Callable[[Ask], Scope]) -> Listing[Any]:
    """The Listing of lists. Whatever is in a namespace proves it; an empty one needs its proof.

    Args:
        lists: the answers of one argument, by namespace.
        proofs: what was answered when each namespace was asked for itself.
        scope: the namespace of a list's ask.

    A namespace that does not exist is a gap; where nobody may look, that is a doubt.
    """
    filled = {scope(one.ask).name for one in lists if one.facts}
    lacking = {name: proof for name, proof in proofs.items() if name not in filled}
    absent = {name: gap for name, proof in lacking.items() if (gap := _absence(name, proof)) is not None}
    found = listing([_judged(one, absent.get(scope(one.ask).name)) for one in lists], scope)
    return Listing(
        found.items,
        as_of=found.clock,
        gaps=found.gaps,
        looked=[f"namespace {name}" for name in dict.fromkeys(scope(one.ask).name for one in lists) if name],
        doubts=[
            f"nothing seen in namespace {name}, and not proven that it exists: {proof.failure.message}"
            for name, proof in lacking.items()
            if proof.failure is not None and found.lacks(in_namespace(name)) is None
        ],
    )


def _judged(answer: Answer[Any], absence: Failure | None) -> Answer[Any]:
    """An empty list of a namespace that is not there is no answer."""
    if absence is None or answer.failure is not None:
        return answer
    return replace(answer, facts=None, failure=absence)


def _absence(name: str, proof: Answer[Any]) -> Failure | None:
    """Why an empty list says nothing; None when the namespace is there, or nobody may look."""
    if proof.failure is not None:
        return None if proof.failure.kind in _NO_PROOF else proof.failure
    return None if proof.facts else Failure("NotFound", f"there is no namespace {name}", proof.ask.target)
