"""One table per source: which of a library's exceptions is which failure of ours, most specific first.

    TABLE = Table(
        Row(LibraryTimeout, failure=TimedOut, message="no answer in time"),
        Row(LibraryError, failure=Unreachable, message="the connection was closed"),
    )
    ...
    except LibraryError as error:
        raise TABLE.failure(error, target=self.target.id) from None

A test asks `TABLE.missing(library.errors)`, so that a class that the library grows has to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from opsproof.model.failure import CollectionError, Unreachable

_LONGEST_CHAIN = 30


class Row:
    """Exceptions that mean the same. The text is ours: theirs may repeat URLs and settings with secrets.

    Args:
        kinds: the library's classes; every class is named in one row.
        message: our text, or what makes it of the exception.
        own: it lies on our side and says nothing about the server.
        codes: only with one of these `errno`.
    """

    def __init__(
        self, *kinds: type[BaseException], failure: type[CollectionError],
        message: str | Callable[[Any], str], own: bool = False, codes: frozenset[int] = frozenset(),
    ) -> None:  # fmt: skip
        self.kinds = kinds
        self.failure = failure
        self.message = message
        self.own = own
        self.codes = codes

    def fits(self, error: BaseException) -> bool:
        return isinstance(error, self.kinds) and (
            not self.codes or getattr(error, "errno", None) in self.codes
        )

    def made(self, error: BaseException, target: str) -> CollectionError:
        text = self.message if isinstance(self.message, str) else self.message(error)
        return self.failure(text, target=target, own=self.own)


class Table:
    """Rows, most specific first: the first that fits the error, or what it wraps, decides."""

    def __init__(self, *rows: Row) -> None:
        self.rows = rows

    def failure(self, error: BaseException, *, target: str) -> CollectionError:
        """The library's error as ours; one that no row knows is no connection, by its type's name."""
        wrapped = chain(error)
        for row in self.rows:
            for one in wrapped:
                if row.fits(one):
                    return row.made(one, target)
        return Unreachable(f"no connection ({type(error).__name__})", target=target)

    def missing(self, *modules: ModuleType) -> list[str]:
        """Exception classes that the modules define and that no row names."""
        named = {kind for row in self.rows for kind in row.kinds}
        return sorted(
            f"{module.__name__}.{kind.__name__}"
            for module in modules
            for kind in set(_errors_of(module))
            if kind not in named
        )


def _errors_of(module: ModuleType) -> Iterator[type[BaseException]]:
    for value in vars(module).values():
        own = isinstance(value, type) and value.__module__.split(".")[0] == module.__name__.split(".")[0]
        if own and issubclass(value, Exception) and not issubclass(value, Warning):
            yield value


def chain(error: object) -> list[BaseException]:
    """The error with all it wraps: causes, contexts, arguments, `reason`."""
    found: list[BaseException] = []
    todo = [error]
    while todo and len(found) < _LONGEST_CHAIN:
        one = todo.pop()
        if not isinstance(one, BaseException) or any(one is known for known in found):
            continue
        found.append(one)
        todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
