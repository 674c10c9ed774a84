"""How a Redis server is reached."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from opsproof.environment.references import FilePath, SecretRef
from opsproof.environment.settings import Host, Port, TargetSettings, bracketed
from opsproof.environment.shape import Text, refuse
from opsproof.model.target import CERTIFICATE


class RedisSettings(TargetSettings):
    """A Redis server.

    `configuration` allows that CONFIG GET is asked (for `save`), a right that lets one read its passwords, too.
    """

    addressed_by = ("host", "port", "database")

    host: Host
    port: Port = 6379
    username: Text | None = None
    password: SecretRef | None = None
    tls: bool = False
    ca: FilePath | None = None
    database: Annotated[int, Field(ge=0)] = 0
    allow: list[Literal["configuration"]] = []

    @property
    def address(self) -> str:
        return f"{bracketed(self.host)}:{self.port}" + (f"/{self.database}" if self.database else "")

    @property
    def sensitive(self) -> tuple[str, ...]:
        return tuple(self.allow)

    @property
    def configuration(self) -> bool:
        return "configuration" in self.allow

    def hosts(self, path: tuple[str, ...]) -> tuple[str, ...]:
        return (f"{bracketed(self.host)}:{self.port}",)

    @model_validator(mode="after")
    def _shows_what_it_declares(self) -> RedisSettings:
        if CERTIFICATE in self.identity and not self.tls:
            refuse(f"identity {CERTIFICATE} needs tls: true")
        return self


class SentinelSettings(RedisSettings):
    """A Sentinel, and the name of the `master` that it watches."""

    addressed_by = ("host", "port", "master")

    port: Port = 26379
    master: Text = "mymaster"
    database: Annotated[int, Field(ge=0, le=0)] = 0
    allow: Annotated[list[Literal["configuration"]], Field(max_length=0)] = []
