"""What checks receive: things of one kind from one or more scopes, and the scopes that did not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

from opsproof.model.failure import Failure, raised_from
from opsproof.model.moment import Age, Clock, Moment
from opsproof.model.scope import WHOLE, Scope

T = TypeVar("T")


class Listing(Generic[T]):
    """An immutable sequence of facts, its gaps, and the clock of the target that answered.

    Iterating gives what is known; the plugin adds one UNKNOWN for each gap of a *primary* listing.
    Lookups about one scope go through `within`, which raises for a scope that did not answer, so that
    absence is never concluded from a refusal.

    Args:
        as_of: the clock of the server that answered; a plain time is by ours.
        looked: where it was looked, in words, so that "nothing there" can say it.
        doubts: what could not be proven about what was found, in words; they become notes.
    """

    def __init__(
        self,
        items: Iterable[T] = (),
        *,
        as_of: datetime | Clock,
        gaps: Iterable[Failure] = (),
        looked: Iterable[str] = (),
        doubts: Iterable[str] = (),
    ) -> None:
        self.items = tuple(items)
        self.clock = as_of if isinstance(as_of, Clock) else Clock(as_of)
        self.gaps = tuple(dict.fromkeys(gaps))
        self._lacking = {gap.scope: gap for gap in reversed(self.gaps)}
        self.looked = tuple(looked)
        self.doubts = tuple(doubts)
        self._by_scope: dict[str, tuple[T, ...]] | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def lacks(self, scope: Scope) -> Failure | None:
        """Why what lies in this scope is not all known: the first gap there, or over the whole; None if it is."""
        return self._lacking.get(scope) or self._lacking.get(WHOLE)

    def within(self, namespace: str) -> tuple[T, ...]:
        """The items of one namespace.

        Raises:
            CollectionError: that namespace (or all of them) did not answer.
        """
        gap = self.lacks(Scope("namespace", namespace))
        if gap is not None:
            raise raised_from(gap)
        if self._by_scope is None:
            grouped: dict[str, list[T]] = {}
            for item in self.items:
                grouped.setdefault(getattr(item, "namespace", ""), []).append(item)
            self._by_scope = {scope: tuple(items) for scope, items in grouped.items()}
        return self._by_scope.get(namespace, ())

    def only(self, keep: Callable[[T], bool]) -> Listing[T]:
        """The same listing with fewer items and the same gaps."""
        return Listing(
            filter(keep, self.items),
            as_of=self.clock,
            gaps=self.gaps,
            looked=self.looked,
            doubts=self.doubts,
        )

    def age(self, at: datetime) -> Age:
        """The time since `at`, by the clock of the server that told it (`Clock.age`)."""
        return self.clock.age(at)

    def moment(self, at: datetime | None, read_from: str = "") -> Moment | None:
        """A moment that an item tells, by the clock of the server that told it."""
        return self.clock.moment(at, read_from)
