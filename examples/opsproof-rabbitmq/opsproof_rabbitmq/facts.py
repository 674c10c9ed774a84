"""What RabbitMQ says of itself, and what checks annotate their arguments with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import msgspec

from opsproof.sdk import Answer, Ask, Context, Listing, Need, Scope, Subject, listing


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue; `messages` are ready or not yet acknowledged. None: its node does not tell."""

    name: str
    vhost: str
    state: str
    messages: int | None = None
    consumers: int | None = None

    @property
    def subject(self) -> Subject:
        return Subject("queue", self.name, self.vhost)


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the cluster. An alarm blocks all who publish, on every node."""

    name: str
    running: bool
    alarms: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("node", self.name)


class QueuesOf(Ask, frozen=True, kw_only=True, tag="rabbitmq/queues"):
    """Every queue of one virtual host. Asked for all at once, RabbitMQ leaves out what we may not see."""

    vhost: str
    answer: ClassVar[Any] = tuple[Queue, ...]

    @property
    def path(self) -> str:
        return f"/api/queues/{quote(self.vhost, safe='')}"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("GET", self.path, scope=self.vhost),)


class NodesOf(Ask, frozen=True, kw_only=True, tag="rabbitmq/nodes"):
    """Every node, and the alarms that are in force in the cluster."""

    answer: ClassVar[Any] = tuple[Node, ...]
    needs: ClassVar[tuple[Need, ...]] = (
        Need("GET", "/api/nodes"),
        Need("GET", "/api/health/checks/alarms"),
    )


@dataclass(frozen=True)
class AllQueues:
    """The queues of the environment's `vhosts`, with a gap for each that refuses us."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("rabbitmq").id
        return tuple(QueuesOf(target=target, vhost=vhost) for vhost in context.names("vhosts"))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any]:
        return listing(answers, _scope)


def _scope(ask: Ask) -> Scope:
    return Scope("vhost", ask.vhost) if isinstance(ask, QueuesOf) else Scope()


@dataclass(frozen=True)
class AllNodes:
    """The nodes of the cluster."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return (NodesOf(target=context.target("rabbitmq").id),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Any]:
        return Listing(answers[0].value(), as_of=answers[0].clock)


Queues = Annotated[Listing[Queue], AllQueues()]
Nodes = Annotated[Listing[Node], AllNodes()]
