"""How a host is reached, and by what it is known."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import model_validator

from opsproof.environment.references import FilePath, SecretRef
from opsproof.environment.settings import Port, SecretOrPath, TargetSettings, bracketed
from opsproof.environment.shape import Text, refuse

HOST_KEY = "host-key-sha256"
MACHINE = "machine-id-sha256"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class HostSettings(TargetSettings):
    """A machine: `host` with `user` and `key` or `password` over ssh, or `local: true` for this one.

    Its host key has to be in `known_hosts`, or to be declared as identity `host-key-sha256`, as
    `ssh-keygen -lf` prints it. A key that nobody vouches for is never accepted.
    """

    identities = (HOST_KEY, MACHINE)
    addressed_by: ClassVar[tuple[str, ...]] = ("host", "port", "local")

    host: Text | None = None
    port: Port = 22
    user: Text | None = None
    key: SecretOrPath | None = None
    passphrase: SecretRef | None = None
    password: SecretRef | None = None
    known_hosts: FilePath | None = None
    sudo: bool = False
    local: bool = False

    @property
    def address(self) -> str:
        return "local" if self.local else f"{bracketed(self.host or '')}:{self.port}"

    @model_validator(mode="after")
    def _whole(self) -> HostSettings:
        if self.local:
            return self._here()
        if self.host is None:
            refuse("neither host nor local is set", "name the host, or say local: true for this machine")
        if self.user is None:
            refuse("user is not set", "as whom shall opsproof log in?")
        if (self.key is None) == (self.password is None):
            refuse("needs exactly one of key and password")
        if self.passphrase is not None and self.key is None:
            refuse("a passphrase belongs to a key")
        if self.known_hosts is None and HOST_KEY not in self.identity:
            refuse(
                "nothing tells its host key",
                f"set known_hosts, or declare identity: {{{HOST_KEY}: SHA256:...}}",
            )
        return self._fingerprint()

    def _here(self) -> HostSettings:
        given = [name for name in ("host", "user", "key", "password", "known_hosts") if getattr(self, name)]
        if given:
            refuse(f"{given[0]} belongs to ssh, and local: true asks this machine")
        if HOST_KEY in self.identity:
            refuse(f"identity {HOST_KEY} cannot be shown without ssh", f"declare {MACHINE}")
        return self

    def _fingerprint(self) -> HostSettings:
        if HOST_KEY in self.identity and not _FINGERPRINT.fullmatch(self.identity[HOST_KEY]):
            refuse(
                f"identity {HOST_KEY} is no fingerprint", "write it as ssh-keygen -lf prints it: SHA256:..."
            )
        return self
