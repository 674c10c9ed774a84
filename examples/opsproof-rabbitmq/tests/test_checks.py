"""The checks, with plain facts."""

from __future__ import annotations

from checks.rabbitmq.check_alarms import check_alarms
from checks.rabbitmq.check_queue_depth import check_queue_depth
from opsproof.testing.facts import examined, listing
from opsproof_rabbitmq.facts import Node, Queue

QUEUE = {"name": "mail.out", "vhost": "/", "state": "running"}


def messages(examine):
    return [f"{finding.outcome.value}: {finding.message}" for finding in examine.findings]


def test_a_queue_that_is_read_and_short_passes():
    examine = examined(check_queue_depth, listing(Queue(**QUEUE, messages=10, consumers=1)), highest=10)
    assert (examine.passed, messages(examine)) == (1, [])


def test_a_queue_that_piles_up_or_that_nobody_reads_fails():
    queues = listing(Queue(**QUEUE, messages=11, consumers=1), Queue(**QUEUE, messages=0, consumers=0))
    assert messages(examined(check_queue_depth, queues, highest=10)) == [
        "fail: 11 messages wait",
        "fail: 0 consumers, at least 1 needed",
    ]


def test_numbers_that_are_not_told_decide_nothing():
    found = messages(examined(check_queue_depth, listing(Queue(**QUEUE)), highest=10))
    assert found == ["unknown: its node does not tell its numbers; its state is running"]


def test_an_alarm_and_a_node_that_is_down_fail():
    nodes = listing(Node(name="a", running=False), Node(name="b", running=True, alarms=("disk",)))
    assert messages(examined(check_alarms, nodes)) == ["fail: it does not run", "fail: alarm: disk"]
