"""How a PostgreSQL database is reached."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from opsproof.environment.problems import choices, short
from opsproof.environment.references import FilePath, SecretRef
from opsproof.environment.settings import Host, Port, TargetSettings, bracketed, loopback
from opsproof.environment.shape import Text, refuse
from opsproof.model.target import CERTIFICATE

ANY = "password,md5,gss,sspi,scram-sha-256,none"


class PostgresSettings(TargetSettings):
    """A PostgreSQL database. `sslmode` defaults to verify-full, on loopback to prefer.

    `require_auth` names the ways to authenticate that are accepted, as libpq does. Unless said otherwise a
    password proves itself by SCRAM alone, which does not tell it, where TLS is not verified.
    """

    identities: ClassVar[tuple[str, ...]] = ("system-identifier", CERTIFICATE)
    addressed_by: ClassVar[tuple[str, ...]] = ("host", "port", "database")

    host: Host
    port: Port = 5432
    database: Text
    user: Text
    password: SecretRef | None = None
    sslmode: str = "verify-full"
    ca: FilePath | None = None
    require_auth: list[Text] | None = None

    @property
    def verified(self) -> bool:
        """Whether TLS proves who the server is."""
        return self.sslmode in {"verify-ca", "verify-full"}

    @property
    def accepted(self) -> str:
        """The ways to authenticate that are accepted, as libpq reads them: to it, no text at all means none."""
        if self.require_auth:
            return ",".join(self.require_auth)
        return ANY if self.verified or self.password is None else "scram-sha-256"

    @property
    def address(self) -> str:
        return f"{bracketed(self.host)}:{self.port}/{self.database}"

    def hosts(self, path: tuple[str, ...]) -> tuple[str, ...]:
        return (f"{bracketed(self.host)}:{self.port}",)

    @model_validator(mode="before")
    @classmethod
    def _default_sslmode(cls, given: Any) -> Any:
        if isinstance(given, dict) and "sslmode" not in given and loopback(given.get("host")):
            return {**given, "sslmode": "prefer"}
        return given

    @model_validator(mode="after")
    def _known_words(self) -> PostgresSettings:
        modes = ("disable", "prefer", "require", "verify-ca", "verify-full")
        if self.sslmode not in modes:
            refuse(f"unknown sslmode {short(self.sslmode)}", choices(self.sslmode, modes))
        ways = ("scram-sha-256", "md5", "password", "none")
        for way in self.require_auth or ():
            if way not in ways:
                refuse(f"unknown way to authenticate {short(way)} under require_auth", choices(way, ways))
        if CERTIFICATE in self.identity and (self.sslmode == "disable" or self.host.startswith("/")):
            refuse(f"identity {CERTIFICATE} needs an sslmode with TLS")
        return self


class PgbouncerSettings(PostgresSettings):
    """The console of a pgbouncer. `database.<name>` is where it says that it hands sessions of that database to."""

    identities = ("database.<name>", CERTIFICATE)
    addressed_by = ("host", "port")

    port: Port = 6432
    database: Literal["pgbouncer"] = "pgbouncer"

    @property
    def address(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"
