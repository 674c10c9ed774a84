"""Text from servers: what people can see stays, what steers a terminal or a page does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsproof.model.text import one_line, printable


@given(st.text())
def test_each_character_that_steers_is_replaced_and_no_other(text: str) -> None:
    """One for one, wherever it stands; line breaks and tabs stay."""
    wanted = [char if char in "\t\n" or char.isprintable() else "\ufffd" for char in text]

    assert wanted == list(printable(text))


def test_a_long_text_of_many_lines_keeps_them() -> None:
    """Ten thousand lines, as a report has them of ten thousand subjects."""
    lines = [f"pod shop/api-{number}: nöt ready" for number in range(10_000)]

    assert [*lines, "a\ufffd[31mb"] == printable("\n".join([*lines, "a\x1b[31mb"])).split("\n")


@given(st.text())
def test_a_line_stays_one_line(text: str) -> None:
    """Whatever breaks lines for somebody."""
    assert len(one_line(text).splitlines()) <= 1
