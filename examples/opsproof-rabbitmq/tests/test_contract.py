"""RabbitMQ keeps the collector contract."""

from __future__ import annotations

import json

from opsproof.testing.contract import CollectorContract
from opsproof.testing.web import Web
from opsproof_rabbitmq.facts import NodesOf, QueuesOf


def pages(text):
    queue = {"name": text, "vhost": text, "state": text, "messages": 3, "consumers": 1}
    node = {"name": text, "running": True, "mem_alarm": False, "disk_free_alarm": False, "partitions": [text]}
    answers = {
        "/api/overview": {"rabbitmq_version": text, "cluster_name": text},
        "/api/queues/%2F": {"items": [queue], "page": 1, "page_count": 1},
        "/api/nodes": [node],
        "/api/health/checks/alarms": {"status": "ok"},
    }
    return {path: json.dumps(answer).encode() for path, answer in answers.items()}


class Rabbitmq(CollectorContract):
    kind = "rabbitmq"
    spoken = Web(pages)

    def settings(self, port, secret):
        return {"url": f"http://127.0.0.1:{port}", "username": "opsproof", "password": {"file": secret}}


class TestQueues(Rabbitmq):
    ask = QueuesOf(target="rabbitmq:test", vhost="/")
    right = {"401": frozenset({"Forbidden"})}  # who we are was asked before


class TestNodes(Rabbitmq):
    ask = NodesOf(target="rabbitmq:test")
