"""How rows declare queues, and what is asked for them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from opsproof.examine.queues import Consumers, Queue, QueueHistory, QueueLimits, Queues
from opsproof.model.argument import Answer
from opsproof.model.failure import NotConfigured
from opsproof.model.moment import Clock
from opsproof.model.rights import Need
from opsproof.sources.prometheus.facts import Query
from opsproof.sources.redis.queues import QueueKey, QueuesOf, TakersOf
from opsproof.sources.redis.rights import pattern
from tests.checks.contexts import Row
from tests.checks.measured import NOW, instant


def row(*queues: Any) -> Row:
    return Row(limits=QueueLimits(queues=queues))


def test_a_key_alone_declares_a_list() -> None:
    (ask,) = Queues().asks(row("jobs", {"key": "events", "kind": "stream"}))
    assert isinstance(ask, QueuesOf)
    assert ask.queues == (QueueKey(key="jobs"), QueueKey(key="events", kind="stream"))


def test_depth_and_workers_share_one_ask() -> None:
    one, other = Queues().asks(row("jobs")), Queues().asks(row({"key": "jobs"}))
    assert [ask.digest for ask in one] == [ask.digest for ask in other]
    (takers,) = Consumers().asks(row("jobs"))
    assert isinstance(takers, TakersOf)


def test_no_queue_is_not_configured() -> None:
    with pytest.raises(NotConfigured, match=r"scope\.queues names no queue"):
        Queues().asks(row())


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ""},
        {"kind": "list"},
        {"key": "a", "kind": "set"},
        {"key": "a", "kind": "stream", "time": "at"},
        {"kye": "a"},
    ],
)
def test_what_declares_no_queue_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        Queue.model_validate(wrong)


def test_the_history_of_a_queue_is_asked_where_it_is_declared() -> None:
    context = row("jobs", {"key": "mails", "seen": 'redis_key_size{key="mails"}'})
    (ask,) = QueueHistory().asks(context)
    assert isinstance(ask, Query)
    assert ask.query == 'max(max_over_time(redis_key_size{key="mails"}[30d]))'
    answer = Answer(ask, instant(4), None, Clock(NOW))
    assert list(QueueHistory().assemble([answer], context)) == ["mails"]


def test_a_list_is_read_by_the_commands_of_a_list() -> None:
    assert list(QueueKey(key="jobs").needs()) == [Need("TYPE", name="jobs"), Need("LLEN", name="jobs")]


def test_jobs_are_read_only_where_their_field_is_declared() -> None:
    asked = {
        need.verb for key in (QueueKey(key="a"), QueueKey(key="b", kind="stream")) for need in key.needs()
    }
    assert not asked & {"LINDEX", "XRANGE", "LRANGE"}
    declared = {need.verb for need in QueueKey(key="a", time="at").needs()}
    assert declared == {"TYPE", "LLEN", "LINDEX"}


def test_celerys_priorities_are_keys_of_their_own() -> None:
    keys = [need.name for need in QueueKey(key="celery", kind="celery").needs() if need.verb == "LLEN"]
    assert keys == ["celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169"]


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("jobs", "jobs"),
        ("jobs:*", "jobs:\\*"),
        ("a[b]?", "a\\[b\\]\\?"),
        ("celery\x06\x163", "celery??3"),
        ("my jobs", "my?jobs"),
        ("ü", "ü"),
    ],
)
def test_a_key_is_a_pattern_that_means_it_alone(key: str, written: str) -> None:
    assert pattern(key) == written
