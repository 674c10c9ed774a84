"""No secret leaves this process: known values and tell-tale forms are blanked before anything is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from threading import Lock

from opsproof.collect.lookalikes import blanked
from opsproof.collect.secret_forms import Known

BLANK = "[secret]"
Share = Callable[[Iterable[str]], Iterable[str]]
# A string of a JSON document; a key when a colon follows. No two ways to match: linear.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)


class Redactor:
    """Blanks the secrets in use, in every form that a server echoes them in, and whatever looks like a credential.

    Collectors tell each credential as they use it (`Link.secret`), from several threads at once. `share` tells the
    other processes of the run what is new, and gives what any of them told; it may raise OSError and ValueError.
    """

    def __init__(self, secrets: Iterable[str] = (), share: Share | None = None) -> None:
        self._lock = Lock()
        self._secrets: frozenset[str] = frozenset()
        self._known = Known(())
        self._share = share
        self._keep(secrets)

    def add(self, *secrets: str) -> None:
        """From here on these are blanked, too, by all processes of the run."""
        new = [one for one in secrets if one not in self._secrets]
        self._keep(new)
        if new and self._share is not None:
            self._keep(self._share(new))

    def refresh(self) -> None:
        """Hear what other processes came by."""
        if self._share is not None:
            self._keep(self._share(()))

    def _keep(self, secrets: Iterable[str]) -> None:
        with self._lock:
            if not self._secrets.issuperset(secrets):
                self._secrets = self._secrets.union(secrets)
                self._known = Known(self._secrets)

    def text(self, text: str) -> str:
        """`text` without secrets, wherever they stand."""
        return blanked(self._known.blanked(text, BLANK), BLANK)

    def json(self, encoded: bytes) -> bytes:
        """An encoded JSON document whose string values hold no known secret as a whole token.

        Keys, numbers and structure stay: a password that is an ordinary word must not change what is decided.
        """
        known = self._known
        if not known.may_be_in(encoded):
            return encoded
        return _STRING.sub(_value(known), encoded.decode()).encode()

    def in_names(self, redacted: bytes) -> bool:
        """Whether a redacted document still holds a long secret: then it stands in a key, where it cannot be blanked."""
        return self._known.long_in(redacted)


def _value(known: Known) -> Callable[[re.Match[str]], str]:
    def redacted(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[0]
        text = str(json.loads(match[0], strict=False))
        kept = known.blanked(text, BLANK, whole=True)
        if known.short_in(kept):
            kept = blanked(kept, BLANK)
        return match[0] if kept == text else json.dumps(kept)

    return redacted
