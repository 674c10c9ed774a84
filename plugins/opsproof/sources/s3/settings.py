"""How a bucket is reached."""

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

ACCOUNT, OWNER, REGION = "account", "owner", "region"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def _bucket(given: str) -> str:
    if not _BUCKET.fullmatch(given) or ".." in given:
        refuse("not the name of a bucket", "write the name alone: shop-backups")
    return given


def _region(given: str) -> str:
    if not _REGION.fullmatch(given):
        refuse("not a region", "write it like eu-west-1")
    return given


class S3Settings(TargetSettings):
    """One bucket. Its keys are references; nothing is taken from AWS variables, profiles or instance roles.

    `endpoint` is a server other than Amazon's. `path_style`: the bucket stands in the path of the URL, and not
    in the name of the server. `session_token` belongs to keys that were lent.
    """

    identities = (ACCOUNT, OWNER, REGION, CERTIFICATE)
    addressed_by = ("bucket", "endpoint")

    bucket: Annotated[Text, AfterValidator(_bucket)]
    region: Annotated[Text, AfterValidator(_region)] = "us-east-1"
    endpoint: Url | None = None
    access_key: SecretRef
    secret_key: SecretRef
    session_token: SecretRef | None = None
    path_style: bool | None = None
    ca: FilePath | None = None
    plain_http: bool = False

    @property
    def url(self) -> str:
        """The server that is asked, without the bucket."""
        return self.endpoint or f"https://s3.{self.region}.amazonaws.com"

    @property
    def address(self) -> str:
        return f"{self.bucket}@{host_of(self.endpoint)}" if self.endpoint else self.bucket

    @property
    def by_path(self) -> bool:
        """Amazon wants the bucket in the name, others mostly know it in the path alone."""
        return self.endpoint is not None if self.path_style is None else self.path_style

    @property
    def server(self) -> str:
        """The server that the requests go to."""
        if self.by_path:
            return self.url
        scheme, _, host = self.url.partition("://")
        return f"{scheme}://{self.bucket}.{host}"

    def hosts(self, path: tuple[str, ...]) -> tuple[str, ...]:
        return (host_of(self.server),)

    @model_validator(mode="after")
    def _keeps_what_it_sends(self) -> S3Settings:
        if in_the_clear(self.url) and not self.plain_http:
            refuse(PLAIN_HTTP, PLAIN_HTTP_HINT)
        if CERTIFICATE in self.identity and urlsplit(self.url).scheme != "https":
            refuse(f"identity {CERTIFICATE} needs an https endpoint")
        if ACCOUNT in self.identity and not _ACCOUNT.fullmatch(self.identity[ACCOUNT]):
            refuse(f"identity {ACCOUNT} is no account", "write the twelve digits in quotes")
        return self
