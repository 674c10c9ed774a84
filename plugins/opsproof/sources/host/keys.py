"""Host keys: whether the one that is shown is the one that somebody vouches for."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys

from opsproof.model.failure import IdentityMismatch, NotConfigured
from opsproof.model.target import Target
from opsproof.sources.host.settings import HOST_KEY

_REVOKED = "@revoked "


def fingerprint(key: Any) -> str:
    """As `ssh-keygen -lf` prints it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Vouched:
    """What the environment says of a target's host key: its fingerprint, else the lines of known_hosts."""

    target: Target

    def types(self) -> tuple[str, ...]:
        """The types of key to ask for; empty where any will do.

        Raises:
            NotConfigured: the file is not there, or knows no key of this host.
        """
        if HOST_KEY in self.target.identity:
            return ()
        known = self._known()
        types = tuple(sorted({entry.key.get_name() for entry in known}))
        if not types:
            raise NotConfigured(
                f"known_hosts holds no key of {self._names()[0]}", target=self.target.id, own=True
            )
        return types

    def require(self, key: Any) -> None:
        """Raises IdentityMismatch: nobody vouches for this key."""
        found = fingerprint(key)
        declared = self.target.identity.get(HOST_KEY)
        if declared is not None:
            if found != declared:
                what = f"declared {HOST_KEY} {declared}, found {found}"
                raise IdentityMismatch(
                    f"{what}: this is another server than the environment names", target=self.target.id
                )
            return
        if key.asbytes() in self._revoked() or key.asbytes() not in {
            one.key.asbytes() for one in self._known()
        }:
            raise IdentityMismatch(f"known_hosts does not hold its host key {found}", target=self.target.id)

    def _names(self) -> tuple[str, ...]:
        settings = self.target.settings
        host = settings.host.lower()
        return (host,) if settings.port == 22 else (f"[{host}]:{settings.port}",)

    def _known(self) -> list[Any]:
        return [entry for entry in map(_entry, self._lines()) if entry is not None and self._is_of(entry)]

    def _revoked(self) -> set[bytes]:
        lines = (line[len(_REVOKED) :] for line in self._lines() if line.startswith(_REVOKED))
        return {entry.key.asbytes() for entry in map(_entry, lines) if entry is not None}

    def _is_of(self, entry: Any) -> bool:
        return any(HostKeys()._hostname_matches(name, entry) for name in self._names())

    def _lines(self) -> list[str]:
        path: Path = self.target.settings.known_hosts
        try:
            return [line.strip() for line in path.read_text("utf-8", "replace").splitlines()]
        except OSError as error:
            why = f"known_hosts cannot be read ({type(error).__name__})"
            raise NotConfigured(why, target=self.target.id, own=True) from None


def _entry(line: str) -> Any:
    """A line of known_hosts; None for a comment, a marker, or a type of key that is not known here."""
    if not line or line[0] in "#@":
        return None
    try:
        entry = HostKeyEntry.from_line(line)
    except Exception:  # noqa: BLE001
        # A damaged line vouches for nobody; the library raises what its decoders happen to raise.
        return None
    return entry if entry is not None and entry.key is not None else None


def private_key(text: str, passphrase: str | None) -> Any:
    """A private key in any form that OpenSSH writes.

    Raises:
        NotConfigured: it is none, or its passphrase is another.
    """
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(StringIO(text + "\n"), password=passphrase)
        except paramiko.PasswordRequiredException:
            raise NotConfigured("the key has a passphrase; set passphrase", own=True) from None
        except (paramiko.SSHException, ValueError, TypeError, IndexError):
            continue
    raise NotConfigured(
        "the key is no private key that is understood, or its passphrase is another", own=True
    )
