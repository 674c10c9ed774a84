"""The settings of each kind of target. Secrets are references, never values."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)

from opsproof.environment.problems import choices, short
from opsproof.environment.references import WRITE, FilePath
from opsproof.environment.references import SecretRef as SecretRef
from opsproof.environment.shape import Shape, Text, refuse
from opsproof.model.target import CERTIFICATE, Budget
from opsproof.model.units import Bytes, Duration


def _secret_or_path(given: object) -> object:
    return {"file": given} if isinstance(given, str) else given


def _url(given: str) -> str:
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        refuse("not a URL", "write it like https://prometheus.example.com:9090")
    if parts.username or parts.password:
        refuse("user name and password in the URL are not accepted", f"give username, and password: {WRITE}")
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or port == 0
        or parts.query
        or parts.fragment
    ):
        refuse("not a URL of a server", "write it like https://prometheus.example.com:9090")
    return given.rstrip("/")


def _address(given: str) -> str:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:/\s@]+):([0-9]{1,5})", given)
    if not match or not 0 < int(match[2]) < 65536:
        refuse(f"{short(given)} is not host:port", "write it like api.example.com:443")
    return given


def _port(given: int) -> int:
    if not 0 < given < 65536:
        refuse("not a port", "write a number from 1 to 65535")
    return given


SecretOrPath = Annotated[SecretRef, BeforeValidator(_secret_or_path)]
Url = Annotated[Text, AfterValidator(_url)]
Address = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, AfterValidator(_port)]


class BudgetShape(Shape):
    in_flight: Annotated[int, Field(ge=1, le=64)] = 4
    rate: Annotated[float, Field(gt=0, le=1000)] = 20.0
    deadline: Duration = Duration(30)
    max_bytes: Bytes = Bytes(256 * 2**20)

    def made(self) -> Budget:
        return Budget(self.in_flight, float(self.rate), float(self.deadline), int(self.max_bytes))


class TargetSettings(Shape):
    """Base of the settings: what every kind of target may say besides its own keys."""

    identities: ClassVar[tuple[str, ...]] = (CERTIFICATE,)
    addressed_by: ClassVar[tuple[str, ...]] = ("url",)

    kind: str = ""
    identity: Annotated[dict[str, str], BeforeValidator(lambda given: _identity_text(given))] = {}
    budget: BudgetShape = BudgetShape()

    @property
    def address(self) -> str:
        """What the target's id shows. No secret."""
        return str(getattr(self, "url", ""))


def _identity_text(given: object) -> object:
    if not isinstance(given, dict):
        return given
    return {key: str(value) if type(value) is int else value for key, value in given.items()}


class KubernetesSettings(TargetSettings):
    """A cluster: a kubeconfig (with a context), or the pod's own service account, or server and token.

    `kubeconfig` is a path or a reference to its text; `server` overrides the address in it.
    """

    identities = ("kube-system-uid", CERTIFICATE)
    addressed_by = ("server", "context")

    kubeconfig: SecretOrPath | None = None
    context: Text | None = None
    in_cluster: bool = False
    server: Url | None = None
    token: SecretRef | None = None
    ca: FilePath | None = None

    @property
    def address(self) -> str:
        name = self.kubeconfig.env or Path(self.kubeconfig.file).name if self.kubeconfig else "in-cluster"
        return self.server or self.context or name

    @model_validator(mode="after")
    def _names_a_cluster(self) -> KubernetesSettings:
        ways = [
            self.kubeconfig is not None,
            self.in_cluster,
            self.server is not None and self.kubeconfig is None,
        ]
        if sum(ways) != 1:
            refuse("needs exactly one of kubeconfig, in_cluster: true, or server with token")
        if self.context and self.kubeconfig is None:
            refuse("context is only meant with kubeconfig")
        return self


class WebSettings(TargetSettings):
    """A server at a URL, with the ways to authenticate there."""

    url: Url
    token: SecretRef | None = None
    username: Text | None = None
    password: SecretRef | None = None
    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None
    headers: dict[str, SecretRef] = {}

    @model_validator(mode="after")
    def _shows_what_it_declares(self) -> WebSettings:
        if CERTIFICATE in self.identity and urlsplit(self.url).scheme != "https":
            refuse(f"identity {CERTIFICATE} needs an https url")
        return self

    @model_validator(mode="after")
    def _whole_credentials(self) -> WebSettings:
        if (self.certificate is None) != (self.key is None):
            refuse("certificate and key belong together")
        if (self.username is None) != (self.password is None):
            refuse("username and password belong together")
        return self


class PrometheusSettings(WebSettings):
    """A Prometheus server, or one that speaks its API."""

    identities = ("label.<name>", CERTIFICATE)


class AlertmanagerSettings(WebSettings):
    """An Alertmanager."""


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


class PostgresSettings(TargetSettings):
    """A PostgreSQL database. `sslmode` defaults to verify-full, on loopback to prefer."""

    identities = ("system-identifier", CERTIFICATE)
    addressed_by = ("host", "port", "database")

    host: Text
    port: Port = 5432
    database: Text
    user: Text
    password: SecretRef | None = None
    sslmode: str = "verify-full"
    ca: FilePath | None = None

    @property
    def address(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}/{self.database}"

    @model_validator(mode="before")
    @classmethod
    def _default_sslmode(cls, given: Any) -> Any:
        if isinstance(given, dict) and "sslmode" not in given and _loopback(given.get("host")):
            return {**given, "sslmode": "prefer"}
        return given

    @model_validator(mode="after")
    def _known_sslmode(self) -> PostgresSettings:
        modes = ("disable", "prefer", "require", "verify-ca", "verify-full")
        if self.sslmode not in modes:
            refuse(f"unknown sslmode {short(self.sslmode)}", choices(self.sslmode, modes))
        if CERTIFICATE in self.identity and self.sslmode == "disable":
            refuse(f"identity {CERTIFICATE} needs an sslmode with TLS")
        return self


class RedisSettings(TargetSettings):
    """A Redis server."""

    addressed_by = ("host", "port", "database")

    host: Text
    port: Port = 6379
    username: Text | None = None
    password: SecretRef | None = None
    tls: bool = False
    ca: FilePath | None = None
    database: Annotated[int, Field(ge=0)] = 0

    @property
    def address(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}" + (f"/{self.database}" if self.database else "")

    @model_validator(mode="after")
    def _shows_what_it_declares(self) -> RedisSettings:
        if CERTIFICATE in self.identity and not self.tls:
            refuse(f"identity {CERTIFICATE} needs tls: true")
        return self


KINDS: dict[str, type[TargetSettings]] = {
    "kubernetes": KubernetesSettings,
    "prometheus": PrometheusSettings,
    "alertmanager": AlertmanagerSettings,
    "http": HttpSettings,
    "postgres": PostgresSettings,
    "redis": RedisSettings,
}


def _loopback(host: object) -> bool:
    if host == "localhost" or (isinstance(host, str) and host.startswith("/")):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def target_id(kind: str, settings: TargetSettings, written: Mapping[str, Any]) -> str:
    """`<kind>:<address>`, and `#` with 8 hex digits of the settings that matter, if there are any.

    Taken from what the file says, not from resolved paths, so that it is the same on every machine.
    """
    defaults = {name: field.default for name, field in type(settings).model_fields.items()}
    left_out = {"kind", "identity", "budget", *settings.addressed_by}
    matter = {
        name: value
        for name, value in written.items()
        if name not in left_out and value is not None and value != defaults.get(name)
    }
    text = json.dumps(matter, sort_keys=True, default=str)
    return f"{kind}:{settings.address}" + (
        f"#{hashlib.sha256(text.encode()).hexdigest()[:8]}" if matter else ""
    )


def secrets(settings: TargetSettings) -> Iterator[tuple[tuple[str, ...], SecretRef]]:
    """Every secret reference in the settings, with its place: `("password",)`, `("headers", "X-Org")`."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretRef):
            yield (name,), value
        elif name == "headers":
            yield from (((name, header), reference) for header, reference in value.items())


def paths(settings: TargetSettings) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Every file that the settings name and that is no secret reference: CA bundles, certificates."""
    for name in type(settings).model_fields:
        if isinstance(value := getattr(settings, name), Path):
            yield (name,), value
