"""Whether a selector ever matched anything: what makes an empty answer good, or only empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Undecided
from opsproof.model.rights import Need


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The labels that the series of a selector bear, over all that Prometheus keeps; none: it never matched.

    `hint` then says which part matches nothing, and the nearest spelling that the server knows.
    """

    selector: str
    labels: tuple[str, ...] = ()
    hint: str = ""

    @property
    def ever(self) -> bool:
        return bool(self.labels)

    @property
    def unmatched(self) -> str:
        """`no series match up{jbo="a"}: ...`."""
        return f"no series match {self.selector}" + (f": {self.hint}" if self.hint else "")

    def require(self) -> None:
        """Raises Undecided when it never matched anything."""
        if not self.ever:
            raise Undecided(self.unmatched)


class AskKnown(Ask, frozen=True, kw_only=True, tag="prometheus/known"):
    """Which labels do the series of this selector bear? Where none is there, what is near it is asked, too."""

    selector: str
    needs: ClassVar[tuple[Need, ...]] = (
        Need("GET", "/api/v1/labels"),
        Need("GET", "/api/v1/label/__name__/values"),
    )
    answer: ClassVar[Any] = Known


class Matched(msgspec.Struct, frozen=True):
    """`Annotated[Known, Matched("${http_requests}")]`: of one selector, whether it ever matched anything."""

    selector: str
    kind: str = "prometheus"

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return (AskKnown(target=context.target(self.kind).id, selector=context.fill(self.selector)),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Known:
        known = answers[0].value()
        assert isinstance(known, Known)
        return known
