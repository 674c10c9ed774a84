"""Asks the management API, with GET only."""

from __future__ import annotations

from typing import Any

import msgspec

from opsproof.sdk import (
    Ask,
    BadAnswer,
    Forbidden,
    JsonApi,
    Link,
    Need,
    Scope,
    Target,
    TargetReport,
    Unauthenticated,
)
from opsproof_rabbitmq.facts import Node, NodesOf, Queue, QueuesOf

_ALARMS = "/api/health/checks/alarms"
_PAGE = 500


class _Queue(msgspec.Struct):
    name: str
    vhost: str
    state: str = "unknown"
    messages: int | None = None
    consumers: int | None = None


class _Page(msgspec.Struct):
    items: list[_Queue]
    page: int
    page_count: int


class _Node(msgspec.Struct):
    name: str
    running: bool
    mem_alarm: bool = False
    disk_free_alarm: bool = False
    partitions: list[str] = []


class _Alarm(msgspec.Struct):
    node: str
    resource: str


class _Health(msgspec.Struct):
    status: str
    alarms: list[_Alarm] = []


class _Overview(msgspec.Struct):
    rabbitmq_version: str
    cluster_name: str


class RabbitmqCollector:
    """Answers `QueuesOf` and `NodesOf`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.api = JsonApi(target)

    def collect(self, ask: Ask, link: Link) -> Any:
        if isinstance(ask, QueuesOf):
            return self._queues(ask, link)
        if isinstance(ask, NodesOf):
            return self._nodes(link)
        raise BadAnswer(f"RabbitMQ cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        overview: _Overview = self.api.json("/api/overview", link, _Overview)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity={"cluster-name": overview.cluster_name, **self.api.certificate(link)},
            declared=dict(self.target.identity),
            authenticated_as=self.api.authenticated_as,
            version=overview.rabbitmq_version,
        )

    def lacks(self, needs: list[Need], link: Link) -> list[Need]:
        """What it refuses: RabbitMQ says 401 for what we may not see, too."""
        statuses = {need: self.api.text(need.on, link, any_status=True).status for need in needs}
        return [need for need, status in statuses.items() if status in {401, 403, 404}]

    def close(self) -> None:
        self.api.close()

    def _queues(self, ask: QueuesOf, link: Link) -> tuple[Queue, ...]:
        """All pages: the first alone would be a wrong green."""
        try:
            return self._pages(ask.path, link)
        except Unauthenticated:
            # Who we are was asked before, so that our password is right.
            what = f"the permission to see the virtual host {ask.vhost} is missing"
            raise Forbidden(what, target=self.target.id, scope=Scope("vhost", ask.vhost)) from None

    def _pages(self, path: str, link: Link) -> tuple[Queue, ...]:
        found: list[_Queue] = []
        number = count = 1
        while number <= count:
            asked = {"page": str(number), "page_size": str(_PAGE)}
            page: _Page = self.api.json(path, link, _Page, asked)
            if page.page != number:
                raise BadAnswer(f"{path}: another page than the one asked for", target=self.target.id)
            found += page.items
            number, count = number + 1, page.page_count
        return tuple(
            Queue(
                name=one.name,
                vhost=one.vhost,
                state=one.state,
                messages=one.messages,
                consumers=one.consumers,
            )
            for one in found
        )

    def _nodes(self, link: Link) -> tuple[Node, ...]:
        nodes: list[_Node] = self.api.json("/api/nodes", link, list[_Node])
        if not nodes:
            raise BadAnswer("/api/nodes: a cluster without nodes", target=self.target.id)
        response = self.api.text(_ALARMS, link, accept=frozenset({503}))
        health: _Health = self.api.decoded(response.body, _Health, _ALARMS)
        if (health.status == "ok") == bool(health.alarms) or health.status not in {"ok", "failed"}:
            raise BadAnswer(f"{_ALARMS}: its status contradicts its alarms", target=self.target.id)
        return tuple(
            Node(
                name=one.name,
                running=one.running,
                alarms=_alarms(one, health),
                partitions=tuple(one.partitions),
            )
            for one in nodes
        )


def _alarms(node: _Node, health: _Health) -> tuple[str, ...]:
    """What the node says itself, and what the cluster says of it."""
    own = {"memory"} if node.mem_alarm else set()
    own |= {"disk"} if node.disk_free_alarm else set()
    return tuple(sorted(own | {one.resource for one in health.alarms if one.node == node.name}))
