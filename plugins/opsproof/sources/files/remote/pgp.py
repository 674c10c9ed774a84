"""OpenPGP messages: to whom they are encrypted, and whether they are whole."""

from __future__ import annotations

import base64

from opsproof.sources.files.remote.form import Form

_LINE = 4096  # bytes of an armored one


def tag_of(head: bytes) -> int:
    """The tag of the OpenPGP packet that begins there; -1: none does."""
    if not head or not head[0] & 0x80:
        return -1
    return head[0] & 0x3F if head[0] & 0x40 else (head[0] >> 2) & 0x0F


class Pgp(Form):
    """An OpenPGP message: to whom it is encrypted, and whether its packets reach their end."""

    def __init__(self, armored: bool) -> None:
        super().__init__("pgp")
        self._armor = _Armor() if armored else None
        self._buffer = b""
        self._left = 0  # bytes of the packet that are to come
        self._partial = False  # and another piece of it follows
        self._encrypted = self._wrong = self._endless = False
        self._keys: list[str] = []
        self._passwords = 0

    def feed(self, data: bytes) -> None:
        if self._armor is not None:
            data = self._armor.decoded(data)
        self._buffer += data
        while self._buffer and not self._wrong and self._step():
            pass

    def _step(self) -> bool:
        """One packet, or as much of it as there is; False: more bytes are needed."""
        if self._left or self._endless:
            take = len(self._buffer) if self._endless else min(self._left, len(self._buffer))
            self._buffer = self._buffer[take:]
            self._left -= 0 if self._endless else take
            return True
        if self._partial:
            length = self._new_length(self._buffer)
            return False if length is None else self._enter(*length)
        tag = tag_of(self._buffer)
        if tag < 0:
            self._wrong = True
            return False
        new = bool(self._buffer[0] & 0x40)
        length = self._new_length(self._buffer[1:]) if new else self._old_length()
        if length is None:
            return False
        used, size, partial = length
        used += 1 if new else 0
        if tag in {9, 18, 20}:
            self._encrypted = True
            return self._enter(used, size, partial)
        if tag not in {1, 3, 10} or partial or size > 65536:
            self._wrong = True
            return False
        if len(self._buffer) < used + size:
            return False
        self._key(tag, self._buffer[used : used + size])
        self._buffer = self._buffer[used + size :]
        return True

    def _enter(self, used: int, size: int, partial: bool) -> bool:
        self._buffer = self._buffer[used:]
        self._endless = size < 0
        self._left, self._partial = max(0, size), partial
        return True

    @staticmethod
    def _new_length(data: bytes) -> tuple[int, int, bool] | None:
        """Bytes that tell it, the length, and whether it is one of a part."""
        if not data:
            return None
        first = data[0]
        if first < 192:
            return 1, first, False
        if first < 224:
            return (2, ((first - 192) << 8) + data[1] + 192, False) if len(data) > 1 else None
        if first < 255:
            return 1, 1 << (first & 0x1F), True
        return (5, int.from_bytes(data[1:5], "big"), False) if len(data) > 4 else None

    def _old_length(self) -> tuple[int, int, bool] | None:
        """As of 1991; 3: until the end of the file. The bytes count the tag, too."""
        kind = self._buffer[0] & 0x03
        if kind == 3:
            return 1, -1, False
        size = 1 << kind
        if len(self._buffer) < 1 + size:
            return None
        return 1 + size, int.from_bytes(self._buffer[1 : 1 + size], "big"), False

    def _key(self, tag: int, body: bytes) -> None:
        if tag == 3:
            self._passwords += 1
        elif tag == 1 and body[:1] == b"\x03" and len(body) > 9:
            self._keys.append(body[1:9].hex().upper())
        elif tag == 1 and body[:1] == b"\x06" and len(body) > 2:
            # Version 6 has the fingerprint with its version before it; of 6 the first bytes are the id, of 4 the last.
            print_ = body[3 : 2 + body[1]]
            self._keys.append((print_[:8] if body[2:3] == b"\x06" else print_[-8:]).hex().upper())
        elif tag == 1:
            self._wrong = True

    def told(self) -> dict[str, object]:
        ended = not (self._left or self._partial or self._buffer)
        whole = self._encrypted and ended and not self._wrong
        if self._armor is not None:
            whole = whole and self._armor.ended
        return {"recipients": self._keys[:100], "passwords": self._passwords, "whole": whole}


class _Armor:
    """ASCII armor, line by line."""

    def __init__(self) -> None:
        self._line = b""
        self._text = b""
        self._body = self.ended = False

    def decoded(self, data: bytes) -> bytes:
        lines = (self._line + data).split(b"\n")
        self._line = lines.pop()[-_LINE:]
        for line in lines:
            self._take(line.strip())
        if self._line.strip().startswith(b"-----END PGP MESSAGE-----"):
            self._take(self._line.strip())
        whole = len(self._text) - len(self._text) % 4
        text, self._text = self._text[:whole], self._text[whole:]
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            self.ended = False
            return b""

    def _take(self, line: bytes) -> None:
        if line.startswith(b"-----END"):
            self.ended, self._body = self.ended or self._body, False
        elif self._body and not line.startswith(b"="):
            self._text += line
        elif not line and not self.ended:
            self._body = True
