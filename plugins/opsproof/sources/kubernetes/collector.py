"""Kubernetes: GETs of the API server, page by page, decoded straight into facts; lists by protobuf where it has it.

The official client's configuration says where and as whom; the requests are our own, since its `call_api`
does not raise on errors, has no total deadline, and its models cost twenty times the decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from threading import Lock
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotConfigured, NotFound
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.sources.kubernetes import wire
from opsproof.sources.kubernetes.asks import (
    JSON,
    RESOURCES,
    AutoscalerStatusOf,
    ListOf,
    ObjectNamed,
    ReadinessOf,
    Resource,
    UsageOf,
    VersionOf,
)
from opsproof.sources.kubernetes.autoscaler_status import reported
from opsproof.sources.kubernetes.config_values import CONFIG_MAPS, ConfigValuesOf
from opsproof.sources.kubernetes.facts.autoscaling import AutoscalerStatus
from opsproof.sources.kubernetes.facts.cluster import ServerReadiness, ServerVersion
from opsproof.sources.kubernetes.login import Login, login
from opsproof.sources.kubernetes.rights import review
from opsproof.transport import certificate, web
from opsproof.transport.link import Link
from opsproof.transport.pin import pins_of

PAGE = 500
_RESTARTS = 3
_GONE = 410
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
UID = "kube-system-uid"


class KubernetesCollector:
    """Gets and lists with one identity; nothing else is ever asked."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._lock = Lock()
        self._login: Login | None = None
        self._session: requests.Session | None = None

    def collect(self, ask: Ask, link: Link) -> Any:
        """The facts of one ask.

        Raises:
            CollectionError: Forbidden names verb, resource and namespace; NotFound an API that is not served.
        """
        if isinstance(ask, UsageOf):
            return self._usage(ask, link)
        if isinstance(ask, ListOf):
            return self._list(RESOURCES[ask.resource], ask.namespace, link)
        if isinstance(ask, ObjectNamed):
            return self._object(RESOURCES[ask.resource], ask.namespace, ask.name, link)
        if isinstance(ask, ConfigValuesOf):
            return ask.kept(self._object(CONFIG_MAPS, ask.namespace, ask.name, link))
        if isinstance(ask, AutoscalerStatusOf):
            return self._autoscaler(ask, link)
        if isinstance(ask, ReadinessOf):
            return self._readiness(link)
        if isinstance(ask, VersionOf):
            return self._version(link)
        raise BadAnswer(f"a Kubernetes target cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        """The UID of kube-system, which lives as long as the cluster; the version; and who we are."""
        version = self._version(link)
        found: dict[str, str] = {}
        failure = ""
        try:
            (system,) = self._object(RESOURCES["namespaces"], "", "kube-system", link)
            found = {UID: system.uid}
        except (Forbidden, NotFound, ValueError) as error:
            failure = (
                str(error) if isinstance(error, CollectionError) else "there is no namespace kube-system"
            )
        login, _ = self._connected(link)
        found |= certificate.declared(login.server, link, ca=login.ca, server_name=login.server_name)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=found,
            declared=self.target.identity,
            authenticated_as=login.who,
            version=version.git_version,
            failure=failure,
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What we may not do, by the API server's own answer."""
        return [need for need in needs if not self._may(need, link)]

    def _may(self, need: Need, link: Link) -> bool:
        content = review.question(need)
        response = self._get(review.PATH, link, lambda: "review one's own access", content=content)
        return bool(self._told(partial(review.allowed, response.body)))

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def _list(self, resource: Resource, namespace: str, link: Link) -> list[Any]:
        """All pages; from the start again when the list's snapshot expired between two of them."""
        for _ in range(_RESTARTS):
            items = self._pages(resource, namespace, link)
            if items is not None:
                return items
        raise self._bad(f"the list of {resource.plural} expired {_RESTARTS} times before its last page")

    def _pages(self, resource: Resource, namespace: str, link: Link) -> list[Any] | None:
        """None when the continue token was no longer valid. The server makes a page while the one before is read."""
        items: list[Any] = []
        with ThreadPoolExecutor(1) as ahead:
            found = self._page(resource, namespace, "", link)
            while found is not None:
                release = link.keep()  # the next request would give back what this page still needs
                try:
                    coming = (
                        ahead.submit(self._page, resource, namespace, found.next, link)
                        if found.next
                        else None
                    )
                    items += self._told(partial(getattr, found, "items")) or ()
                finally:
                    release()
                if coming is None:
                    return items
                del found  # its bytes, before the next page's are taken
                found = coming.result()
        return None

    def _page(self, resource: Resource, namespace: str, token: str, link: Link) -> wire.Page | None:
        """By itself, so that the page's bytes are gone before the next one comes."""
        query = {"limit": PAGE, "continue": token} if token else {"limit": PAGE}
        path = f"{resource.path(namespace)}?{urlencode(query)}"
        response = self._get(
            path,
            link,
            lambda: named("list", resource, namespace),
            {_GONE} if token else (),
            media=resource.media,
        )
        if response.status == _GONE:
            return None
        media, where = response.headers.get("content-type", ""), f"list {resource.plural}"
        found: wire.Page = self._told(partial(wire.page, response.body, media, resource, where))
        if found.next and found.next == token:
            raise self._bad(f"{where}: the same page came twice")
        return found

    def _object(self, resource: Resource, namespace: str, name: str, link: Link) -> list[Any]:
        path = resource.path(namespace, name)
        response = self._get(path, link, lambda: named("get", resource, namespace, name), {404})
        if response.status == 404:
            if wire.missing_object(response.body, name):
                return []
            raise self._not_served(path)
        found = self._told(
            lambda: wire.thing(response.body, resource.fact, resource.fact.kind, f"get {path}")
        )
        return [found]

    def _autoscaler(self, ask: AutoscalerStatusOf, link: Link) -> list[Any]:
        """Of the ConfigMap what is reported in it, and no other key."""
        resource = Resource("/api/v1", "configmaps", AutoscalerStatus)
        found = self._object(resource, ask.namespace, ask.name, link)
        return [self._told(partial(reported, one.data.status)) for one in found]

    def _usage(self, ask: UsageOf, link: Link) -> list[Any]:
        """Spaced lists; metrics-server measures every 15 s or so, so that most samples repeat."""
        found: dict[tuple[str, str, Any], Any] = {}
        for number in range(max(1, ask.samples)):
            if number:
                link.pause(ask.spacing)
            for item in self._list(RESOURCES[ask.resource], ask.namespace, link):
                found[item.namespace, item.name, item.timestamp] = item
        return list(found.values())

    def _readiness(self, link: Link) -> ServerReadiness:
        response = self._get("/readyz?verbose", link, lambda: "get the URL /readyz", {500})
        found: ServerReadiness = self._told(partial(wire.readiness, response.status, response.body))
        return found

    def _version(self, link: Link) -> ServerVersion:
        response = self._get("/version", link, lambda: "get the URL /version")
        found: ServerVersion = self._told(partial(wire.thing, response.body, ServerVersion, "", "/version"))
        return found

    def _get(
        self,
        path: str,
        link: Link,
        permission: Callable[[], str],
        accept: Any = (),
        *,
        media: str = JSON,
        content: bytes | None = None,
    ) -> web.Response:
        login, session = self._connected(link)
        headers = {"Accept": media} | _compression(login.server)
        if content is not None:
            headers["Content-Type"] = "application/json"
        if login.authorization:
            headers["Authorization"] = login.authorization
        try:
            response = web.get(
                session,
                login.server + path,
                link,
                path=path,
                headers=headers,
                accept=frozenset({*accept, 503}),
                content=content,
            )
        except Forbidden:
            raise Forbidden(f"the permission to {permission()} is missing", target=self.target.id) from None
        except NotFound:
            raise self._not_served(path) from None
        if response.status == 503:
            raise self._bad(
                f"HTTP 503 for {path.split('?')[0]}: what serves it behind the API server is unavailable"
            )
        return response

    def _connected(self, link: Link) -> tuple[Login, requests.Session]:
        with self._lock:
            if self._login is None or self._session is None:
                try:
                    self._login = login(self.target.settings, link.remaining())
                    self._session = _session(self._login, self.target)
                except CollectionError as error:
                    error.target = self.target.id
                    raise
            link.secret(*self._login.secrets)
            return self._login, self._session

    def _not_served(self, path: str) -> NotFound:
        return NotFound(f"the API server does not serve {path.split('?')[0]}", target=self.target.id)

    def _told(self, read: Callable[[], Any]) -> Any:
        """Name the target in what a body's reader raises."""
        try:
            return read()
        except BadAnswer as error:
            raise self._bad(error.message) from None

    def _bad(self, message: str) -> BadAnswer:
        return BadAnswer(message, target=self.target.id)


def named(verb: str, resource: Resource, namespace: str, name: str = "") -> str:
    """A permission as one would ask an administrator for it: `list pods in namespace accelerapp`."""
    what = (
        resource.plural if resource.group in {"", "apps", "batch"} else f"{resource.plural}.{resource.group}"
    )
    place = (
        f" in namespace {namespace}" if namespace else " in the whole cluster" if resource.namespaced else ""
    )
    return f"{verb} {what}" + (f" {name}" if name else "") + place


def _session(login: Login, target: Target) -> requests.Session:
    pins = pins_of(target, login.server)
    made = web.session(ca=login.ca, certificate=login.certificate, pins=pins)
    if login.proxy:
        _proxy_works(login.proxy)
        made.proxies = {"https": login.proxy, "http": login.proxy}
    if login.server_name:
        pools = cast("HTTPAdapter", made.get_adapter(login.server)).poolmanager
        pools.connection_pool_kw |= {
            "server_hostname": login.server_name,
            "assert_hostname": login.server_name,
        }
    return made


def _proxy_works(proxy: str) -> None:
    """A SOCKS proxy needs a package of its own. Raises NotConfigured, naming it."""
    if urlsplit(proxy).scheme.startswith("socks") and find_spec("socks") is None:
        raise NotConfigured(
            "a SOCKS proxy (proxy-url) needs PySocks: pip install 'opsproof[socks]'", own=True
        )


def _compression(server: str) -> dict[str, str]:
    """Compression costs both sides CPU, and gains only on a network."""
    return {"Accept-Encoding": "identity"} if urlsplit(server).hostname in _LOOPBACK else {}
