"""Names in the path of a URL: each is one segment of it, whatever it holds."""

from __future__ import annotations

from urllib.parse import quote

from opsproof.model.failure import NotConfigured


def segment(name: str) -> str:
    """A name as one segment: `a/b?c` can make no other path.

    Raises:
        NotConfigured: empty, `.` or `..`, which paths have another meaning for.
    """
    if name in {"", ".", ".."}:
        raise NotConfigured(f"{name!r} cannot be a name in a path", own=True)
    return quote(name, safe="")
