"""The items that `-m` chooses, as pytest would."""

from __future__ import annotations

from collections.abc import Iterator

from opsproof.examine.decide import Item
from opsproof.plan.planned import Planned


def selected(plan: Planned, expression: str) -> Iterator[Item]:
    """The plan's items whose markers fulfil a `-m` expression; all of them for an empty one.

    Raises:
        ValueError: it is none; the message says where.
    """
    if not expression:
        yield from plan.items
        return
    from _pytest.mark import expression as pytests

    wrong: type[Exception] = getattr(pytests, "ParseError", SyntaxError)  # the first before pytest 9
    try:
        wanted = pytests.Expression.compile(expression)
    except wrong as error:
        raise ValueError(f"-m {expression!r}: {error}") from None
    for item in plan.items:
        markers = set(plan.markers(item))
        if wanted.evaluate(lambda name, /, markers=markers, **more: name in markers):
            yield item
