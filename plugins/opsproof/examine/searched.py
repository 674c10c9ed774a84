"""Where nothing was found: what a reader needs to see his own mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsproof.model.finding import Excluded
from opsproof.model.limits import Limits


def searched(limits: Limits | None, looked: Iterable[str], excluded: Iterable[Excluded]) -> str:
    """` in namespace shop, with selector app=api; not examined: 12 (has fewer than 2 replicas)`.

    Args:
        limits: the row's; what it says under `scope` is told.
        looked: the places, in words.
        excluded: what was found there and set aside.
    """
    places = ", ".join(looked)
    chosen = ", ".join(_chosen(limits) if limits is not None else ())
    aside = ", ".join(f"{one.count} ({one.why})" for one in excluded)
    return (
        (f" in {places}" if places else "")
        + (f", with {chosen}" if chosen else "")
        + (f"; not examined: {aside}" if aside else "")
    )


def _chosen(limits: Limits) -> Iterator[str]:
    """What the row itself says, not our defaults."""
    for name, text in limits.shown().items():
        if text and name in limits.scoped_fields() & limits.model_fields_set:
            yield f"{name} {text}"
