"""Which of the listed things a row means: by reference, by name, by label selector."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator

from opsproof.model.failure import raised_from
from opsproof.model.listing import Listing
from opsproof.model.moment import joined
from opsproof.model.subject import Subject
from opsproof.sources.kubernetes.facts.meta import KubernetesObject
from opsproof.sources.kubernetes.facts.selectors import parse_selector

T = TypeVar("T", bound=KubernetesObject)


def _readable(text: str) -> str:
    parse_selector(text)
    return text


SelectorText = Annotated[str, AfterValidator(_readable)]
"""A label selector as kubectl takes it; another text is refused when the row is read."""


def reference(thing: KubernetesObject) -> str:
    """As runbook rows write it: `deployment/api`."""
    return f"{type(thing).kind.lower()}/{thing.name}"


def matching(things: Listing[T], selector: str) -> Listing[T]:
    """Those whose labels the selector text selects; all of them for an empty one."""
    wanted = parse_selector(selector)
    return things if wanted.selects_all else things.only(lambda thing: wanted.matches(thing.labels))


def named(
    things: Listing[T], names: Iterable[str], by: Callable[[T], str] = reference
) -> tuple[list[T], list[str]]:
    """The things of these names, and the names that nothing has; without names everything."""
    wanted = list(names)
    if not wanted:
        return list(things), []
    found = [thing for thing in things if by(thing) in wanted]
    present = {by(thing) for thing in found}
    return found, [name for name in wanted if name not in present]


def together(*listings: Listing[Any]) -> Listing[Any]:
    """Several listings of one server as one, with the gaps of all."""
    return Listing(
        [item for one in listings for item in one],
        as_of=joined(one.clock for one in listings),
        gaps=[gap for one in listings for gap in one.gaps],
    )


def absent(things: Listing[Any], what: str) -> str:
    """The message for a named thing that is nowhere in the listing.

    Raises:
        CollectionError: a namespace did not answer, so that it may be there.
    """
    for gap in things.gaps:
        raise raised_from(gap)
    return f"there is no {what}"


def referred(text: str) -> Subject:
    """The subject of a reference that was not found."""
    kind, _, name = text.rpartition("/")
    return Subject(kind or "workload", name)
