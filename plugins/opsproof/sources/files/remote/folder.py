"""Looks at the files of a folder, where it lies.

python3 -I -c '<this program>' list FOLDER REGEX MOST
python3 -I -c '<this program>' read FOLDER REGEX WHICH MOST
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from opsproof.sources.files.remote.reader import Reader

_CHUNK = 256 * 1024
_UNITS = "YmdHMS"
_SHOWN = 8
_OF_THE_DISK = "lost+found"  # of a file system, in its topmost folder, and for root's eyes alone
_AHEAD = timedelta(days=2)  # names may be by a clock of another zone


def _files(
    folder: str, pattern: re.Pattern[str]
) -> Iterator[tuple[str, os.stat_result, re.Match[str] | None]]:
    """Every regular file below a folder by its path there, and how it fits. Links are not followed.

    What goes away meanwhile is not there: backups are renamed when they are whole, and old ones deleted.
    """

    def refused(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError) or error.filename == folder:
            raise error

    for root, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted(one for one in folders if one != _OF_THE_DISK)
        for name in sorted(names):
            path = Path(root, name)
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISREG(found.st_mode):
                inside = str(path.relative_to(folder))
                match = pattern.match(inside)
                yield inside, found, match if match and _date(match) else None


def _date(match: re.Match[str]) -> datetime | None:
    """The date in a name; None for one that is no date."""
    groups = match.groupdict()
    try:
        return datetime(*(int(groups.get(unit) or 0) for unit in _UNITS))  # type: ignore[arg-type]
    except ValueError:
        return None


def listed(folder: str, pattern: str, most: int) -> dict[str, object]:
    """Files by name, size, time, their number, and that of empty ones; those of a folder together."""
    found: dict[str, tuple[str, int, float, int, int]] = {}
    others = 0
    instead: dict[str, None] = {}
    for name, info, match in _files(folder, re.compile(pattern, re.S)):
        if match is None:
            others += 1
            if len(instead) < _SHOWN:
                instead[name.rpartition("/")[0] + "/" if "/" in name else name] = None
            continue
        _, size, modified, count, empty = found.get(match[0], ("", 0, 0.0, 0, 0))
        found[match[0]] = (
            match[0], size + info.st_size, max(modified, info.st_mtime), count + 1, empty + (not info.st_size)
        )  # fmt: skip
        if len(found) > most:
            return {"more": True}
    return {"stored": list(found.values()), "others": others, "instead": list(instead)}


def chosen(folder: str, pattern: str, which: str) -> str | None:
    """The newest or oldest file by the date in its name and, of those alike, by its time."""
    latest = datetime.now() + _AHEAD
    found = []
    for name, info, match in _files(folder, re.compile(pattern, re.S)):
        named = _date(match) if match else None
        if named is not None and named < latest:
            found.append((named, info.st_mtime, name))
    if not found:
        return None
    return (min if which == "oldest" else max)(found)[2]


def read(folder: str, pattern: str, which: str, most: int) -> dict[str, object]:
    """One file to its end, if it has at most so many bytes."""
    name = chosen(folder, pattern, which)
    if name is None:
        return {"name": ""}
    handle = os.open(Path(folder, name), os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        before = os.fstat(file.fileno())
        about = {"name": name, "stored": before.st_size, "modified": before.st_mtime}
        if before.st_size > most:
            return {**about, "unread": "larger than is read"}
        reader = Reader()
        try:
            while data := file.read(_CHUNK):
                reader.feed(data)
            after = os.fstat(file.fileno())
            changed = (after.st_size, after.st_mtime) != (before.st_size, before.st_mtime)
            return {**reader.told(), **about, "changed": changed}
        finally:
            reader.close()


def main(words: list[str]) -> int:
    """2: the folder is not there; 3: it, or a file in it, may not be read."""
    try:
        done = (
            listed(words[1], words[2], int(words[3]))
            if words[0] == "list"
            else read(words[1], words[2], words[3], int(words[4]))
        )
    except (FileNotFoundError, NotADirectoryError):
        return 2
    except PermissionError:
        return 3
    text = json.dumps({**done, "now": time.time()}, ensure_ascii=False)
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))  # a name may have bytes that are no letters
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
