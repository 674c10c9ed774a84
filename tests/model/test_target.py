"""Environments that share a server."""

from __future__ import annotations

from opsproof.model.target import Budget, Target, joined


def target(budget: Budget = Budget(), **identity: str) -> Target:  # noqa: B008 - frozen
    return Target("prometheus", "prometheus", "prometheus:http://one", None, dict(identity), budget)


def test_a_shared_server_proves_all_that_any_environment_declares() -> None:
    for order in ([target(cluster="a"), target()], [target(), target(cluster="a")]):
        found, wrong = joined(order)
        assert found["prometheus:http://one"].identity == {"cluster": "a"}
        assert wrong == []


def test_contradicting_declarations_are_refused() -> None:
    _, wrong = joined([target(cluster="a"), target(cluster="b"), target(cluster="b")])
    assert wrong == [
        "prometheus:http://one: environments of this run declare cluster 'a' and 'b' for the same server"
    ]


def test_the_most_careful_budget_holds() -> None:
    found, _ = joined([target(Budget(in_flight=2)), target(Budget(rate=5.0))])
    assert found["prometheus:http://one"].budget == Budget(in_flight=2, rate=5.0)
