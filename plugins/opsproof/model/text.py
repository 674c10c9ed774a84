"""Text from servers, made harmless for whoever reads it."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` with everything that steers a terminal, a page or XML replaced: control and format characters.

    Line breaks and tabs stay; so do all characters that people can see.
    """
    if text.isprintable():
        return text
    found = set(text.replace("\n", "").replace("\t", ""))
    return text.translate({ord(char): "\ufffd" for char in found if not char.isprintable()})


def one_line(text: str) -> str:
    """`text`, printable, on one line: a line of a terminal cannot be forged by what a server says."""
    return text if text.isprintable() else " ".join(printable(text).splitlines()).replace("\t", " ")


CUT = "…"


def cut(text: str, most: int = 256) -> str:
    """A server's text, printable and no longer than `most`; one that was longer ends with `CUT`."""
    return printable(text if len(text) <= most else text[: most - 1] + CUT)
