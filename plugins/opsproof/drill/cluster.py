"""The cluster that Velero restores into: who it is, whether it may be used, and the few requests that a drill makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
import requests

from opsproof.drill import production
from opsproof.drill.scratch import Refused
from opsproof.environment.environment import Environment
from opsproof.model.failure import CollectionError
from opsproof.model.paths import segment
from opsproof.model.target import Target
from opsproof.sources.drill.settings import VeleroShape
from opsproof.sources.kubernetes.login import Login, login
from opsproof.sources.kubernetes.settings import KubernetesSettings
from opsproof.transport import web

UID = "kube-system-uid"
_SECONDS = (10, 30)  # to connect, and to answer
_MOST = 64 * 2**20  # bytes of an answer
VELERO = "/apis/velero.io/v1"


class NotServed(Exception):
    """The cluster refused, or could not be asked. Its text is one line, and nothing of an answer."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that is proven to be the declared one, and is nobody's production."""

    shape: VeleroShape
    identity: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"kubernetes:{self.shape.cluster.address}"


class Api:
    """Requests as the drill's own user."""

    def __init__(self, found: Login, session: requests.Session) -> None:
        self._login = found
        self._session = session

    def get(self, path: str, **query: str) -> Any:
        """None: it is not there. Raises NotServed."""
        return self._send("GET", f"{path}?{urlencode(query)}" if query else path)

    def every(self, path: str) -> Iterator[Any]:
        """The items of a list, over all pages. Raises NotServed."""
        query = {"limit": "500"}
        while True:
            page = self.get(path, **query) or {}
            yield from page.get("items") or ()
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return
            query["continue"] = token

    def make(self, path: str, thing: Mapping[str, Any]) -> None:
        """Raises NotServed."""
        self._send("POST", path, thing)

    def delete(self, path: str) -> None:
        """What is not there is as good as deleted. Raises NotServed."""
        self._send("DELETE", path, {"propagationPolicy": "Background"})

    def _send(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Accept": "application/json"}
        if self._login.authorization:
            headers["Authorization"] = self._login.authorization
        try:
            answer = self._session.request(
                verb, self._login.server + path, json=body, headers=headers, timeout=_SECONDS,
                allow_redirects=False, stream=True,
            )  # fmt: skip
            with answer:
                content = answer.raw.read(_MOST + 1, decode_content=True)
        except (requests.RequestException, OSError):
            raise NotServed("the API server gave no answer") from None
        what = path.partition("?")[0]
        if answer.status_code == 404 and verb != "POST":
            return None
        if answer.status_code == 403:
            raise NotServed(f"the permission to {verb} {what} is missing")
        if not answer.ok or len(content) > _MOST:
            raise NotServed(f"HTTP {answer.status_code} for {verb} {what}")
        try:
            return msgspec.json.decode(content)
        except msgspec.DecodeError:
            raise NotServed(f"{verb} {what} was answered by something else") from None


@contextmanager
def connected(settings: KubernetesSettings) -> Iterator[Api]:
    """Raises NotServed: the settings do not lead to a cluster."""
    try:
        found = login(settings, _SECONDS[1])
        session = web.session(ca=found.ca, certificate=found.certificate)
    except CollectionError as error:
        raise NotServed(error.message) from None
    if found.proxy or found.server_name:
        raise NotServed("a drill goes to the API server itself: not by a proxy, not by another server name")
    with session:
        yield Api(found, session)


def proven_cluster(target: Target, environments: Iterable[Environment]) -> Cluster:
    """The cluster of a target of kind drill, when it is the one that is declared and may be restored into.

    Raises:
        Refused: it is not.
    """
    shape: VeleroShape = target.settings.velero
    place = f"targets.{target.role}.velero.cluster"
    wanted = shape.cluster.identity.get(UID)
    if not wanted:
        raise Refused(
            f"{place} declares no {UID}: nothing would show that it is no other cluster; see `opsproof identify`"
        )
    _not_production(place, shape.cluster, wanted, environments)
    try:
        with connected(shape.cluster) as api:
            found = api.get("/api/v1/namespaces/kube-system")
            server = api.get(f"/apis/apps/v1/namespaces/{segment(shape.velero_in)}/deployments/velero")
    except NotServed as error:
        raise Refused(f"{place}: {error}") from None
    uid = (found or {}).get("metadata", {}).get("uid", "")
    if uid != wanted:
        raise Refused(f"{place} declares {UID} {wanted!r}, found {uid!r}: it is another cluster")
    if server is None:
        raise Refused(f"{place}: there is no deployment/velero in {shape.velero_in}, which would restore")
    return Cluster(shape, {UID: uid})


def _not_production(
    place: str, settings: KubernetesSettings, uid: str, environments: Iterable[Environment]
) -> None:
    own = set(settings.hosts(()))

    def same(other: Target) -> bool:
        """By what its name means only where it declares no identity: one address may be of several clusters."""
        if other.kind != "kubernetes":
            return False
        theirs, declared = set(other.settings.hosts(())), other.identity.get(UID)
        if declared is None:
            return bool(production.addresses(own) & production.addresses(theirs))
        return declared == uid or bool(own & theirs)

    if found := production.found(environments, same):
        raise Refused(f"{place} is {found}: production is never restored into")
