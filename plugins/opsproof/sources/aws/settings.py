"""How Amazon's APIs are reached."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from opsproof.environment.references import FilePath, SecretRef
from opsproof.environment.settings import (
    PLAIN_HTTP,
    PLAIN_HTTP_HINT,
    TargetSettings,
    Url,
    host_of,
    in_the_clear,
)
from opsproof.environment.shape import Text, refuse
from opsproof.model.target import CERTIFICATE

ACCOUNT = "account"
# botocore's name of a service -> its host's first label
HOSTS = {
    "sts": "sts",
    "rds": "rds",
    "elasticache": "elasticache",
    "elbv2": "elasticloadbalancing",
    "backup": "backup",
}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def _region(given: str) -> str:
    if not _REGION.fullmatch(given):
        refuse("not a region", "write it like eu-west-1")
    return given


class AwsSettings(TargetSettings):
    """One region of an account. Its keys are references; nothing is taken from AWS variables, profiles or instance roles.

    `endpoint` is one server for all services, in place of Amazon's. `session_token` belongs to keys that were lent.
    """

    identities = (ACCOUNT, CERTIFICATE)
    addressed_by = ("region", "endpoint")

    region: Annotated[Text, AfterValidator(_region)]
    endpoint: Url | None = None
    access_key: SecretRef
    secret_key: SecretRef
    session_token: SecretRef | None = None
    ca: FilePath | None = None
    plain_http: bool = False

    @property
    def address(self) -> str:
        return f"{self.region}@{host_of(self.endpoint)}" if self.endpoint else self.region

    def url(self, service: str) -> str:
        """The server of a service, by botocore's name of it."""
        domain = "amazonaws.com.cn" if self.region.partition("-")[0] == "cn" else "amazonaws.com"
        return self.endpoint or f"https://{HOSTS[service]}.{self.region}.{domain}"

    def hosts(self, path: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(host_of(self.url(service)) for service in HOSTS))

    @model_validator(mode="after")
    def _keeps_what_it_sends(self) -> AwsSettings:
        if self.endpoint is not None and in_the_clear(self.endpoint) and not self.plain_http:
            refuse(PLAIN_HTTP, PLAIN_HTTP_HINT)
        if CERTIFICATE in self.identity and urlsplit(self.endpoint or "").scheme != "https":
            refuse(
                f"identity {CERTIFICATE} needs an https endpoint",
                "Amazon's servers are proven by the account",
            )
        if ACCOUNT in self.identity and not _ACCOUNT.fullmatch(self.identity[ACCOUNT]):
            refuse(f"identity {ACCOUNT} is no account", "write the twelve digits in quotes")
        return self
