"""What every kind of target may say, and the parts that its settings are made of. Secrets are references, never values."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    model_validator,
)

from opsproof.environment.problems import short
from opsproof.environment.references import WRITE, FilePath
from opsproof.environment.references import SecretRef as SecretRef
from opsproof.environment.shape import Shape, Text, refuse
from opsproof.model.target import CERTIFICATE, Budget, Target
from opsproof.model.units import Bytes, Duration

_HOST_LABEL = re.compile(r"\w(?:[\w-]{0,61}\w)?")  # letters beyond ASCII, too


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
        or not is_host(parts.hostname or "")
        or port == 0
        or parts.query
        or parts.fragment
    ):
        refuse("not a URL of a server", "write it like https://prometheus.example.com:9090")
    return given.rstrip("/")


def is_host(text: str) -> bool:
    """A DNS name, or an address without brackets. Underscores are allowed, as Docker's names have them."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return len(text) <= 253 and all(_HOST_LABEL.fullmatch(part) for part in text.rstrip(".").split("."))
    return True


def _host(given: str) -> str:
    if not is_host(given) and not given.startswith("/"):
        refuse(
            f"{short(given)} is not a host",
            "write it like db.example.com, or an address; the port has its own key",
        )
    return given


def _address(given: str) -> str:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:/\s@]+):([0-9]{1,5})", given)
    if not match or not is_host(match[1].strip("[]")) or not 0 < int(match[2]) < 65536:
        refuse(f"{short(given)} is not host:port", "write it like api.example.com:443")
    return given


def _port(given: int) -> int:
    if not 0 < given < 65536:
        refuse("not a port", "write a number from 1 to 65535")
    return given


SecretOrPath = Annotated[SecretRef, BeforeValidator(_secret_or_path)]
Url = Annotated[Text, AfterValidator(_url)]
Host = Annotated[Text, AfterValidator(_host)]  # or, for PostgreSQL, the folder of its socket
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
    unasked: ClassVar[frozenset[str]] = frozenset()  # what no run needs: its secrets may be missing

    kind: str = ""
    identity: Annotated[dict[str, str], BeforeValidator(lambda given: _identity_text(given))] = {}
    budget: BudgetShape = BudgetShape()

    @property
    def address(self) -> str:
        """What the target's id shows. No secret."""
        return str(getattr(self, "url", ""))

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Settings in force that allow rights which give more than is read."""
        return ()

    def hosts(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The servers, as host:port, that the secret at `path` is sent to; none where the rows' URLs say it."""
        url = getattr(self, "url", None)
        return (host_of(url),) if url else ()

    def destination(self, path: tuple[str, ...], url: str) -> str:
        """Where the secret at `path` goes to, as host:port, in a request for a row's URL; empty: nowhere."""
        return host_of(url)

    def rights_on(self, target: Target) -> Target:
        """The target that what its asks need has to be given on."""
        return target

    def unfit(self) -> str:
        """Why the files that the settings refer to do not fit them; empty too where they are not there."""
        return ""


def host_of(url: str) -> str:
    """`host:port` of a URL."""
    parts = urlsplit(url)
    return f"{bracketed(parts.hostname or '')}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _identity_text(given: object) -> object:
    if not isinstance(given, dict):
        return given
    return {key: str(value) if type(value) is int else value for key, value in given.items()}


def in_the_clear(url: str) -> bool:
    """Whether others on the way may read what is sent to it."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not loopback(parts.hostname)


PLAIN_HTTP = "credentials would go over plain http"
PLAIN_HTTP_HINT = "use https, or say plain_http: true"


class WebSettings(TargetSettings):
    """A server at a URL, with the ways to authenticate there. Credentials go over http to this machine alone,
    unless the environment says `plain_http: true`."""

    url: Url
    token: SecretRef | None = None
    username: Text | None = None
    password: SecretRef | None = None
    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None
    headers: dict[str, SecretRef] = {}
    plain_http: bool = False

    @model_validator(mode="after")
    def _keeps_credentials(self) -> WebSettings:
        if (self.token or self.username or self.headers) and not self.plain_http and in_the_clear(self.url):
            refuse(PLAIN_HTTP, PLAIN_HTTP_HINT)
        return self

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


def loopback(host: object) -> bool:
    if host == "localhost" or (isinstance(host, str) and host.startswith("/")):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
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
    yield from _leaves(settings, SecretRef)


def paths(settings: TargetSettings) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Every file that the settings name and that is no secret reference: CA bundles, certificates."""
    yield from _leaves(settings, Path)


L = TypeVar("L")


def _leaves(value: object, kind: type[L], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], L]]:
    """Whatever is of that kind within a settings' model, its mappings, lists and models."""
    if isinstance(value, kind):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), kind, (*path, name))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, kind, (*path, str(name)))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, part in enumerate(value):
            yield from _leaves(part, kind, (*path, str(index)))
