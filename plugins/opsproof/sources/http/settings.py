"""How the URLs and TLS hosts of an environment are reached."""

from __future__ import annotations

from pydantic import model_validator

from opsproof.environment.references import FilePath, SecretRef
from opsproof.environment.settings import Address, TargetSettings
from opsproof.environment.shape import refuse
from opsproof.model.target import CERTIFICATE


class HttpSettings(TargetSettings):
    """How the environment's own URLs and TLS hosts are reached: `connect_to` sends host:port elsewhere."""

    addressed_by = ()

    connect_to: dict[Address, Address] = {}
    ca: FilePath | None = None
    headers: dict[str, SecretRef] = {}

    @property
    def address(self) -> str:
        return "direct" if not self.connect_to else "connect-to"

    @model_validator(mode="after")
    def _one_host_to_identify(self) -> HttpSettings:
        if CERTIFICATE in self.identity and len(self.connect_to) != 1:
            refuse(f"identity {CERTIFICATE} needs connect_to with exactly one host, whose certificate it is")
        return self
