"""No server, and no number of them, makes a run take more memory than it may: seen from outside of its process."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from opsproof.testing.faulty import Behaviour, Meter, serving
from tests.memory.hostile import failing, healthy, patient, servers
from tests.memory.peak import Peak, peak

_QUICK = (
    "a body without end", "a gzip bomb", "a chunk's size without end", "tiny pods", "a bulk without end",
    "rows without end",
)  # fmt: skip
_WORST = 2**20


def beside(folder: Path, memory: str, chosen: Mapping[str, tuple[str, Behaviour]]) -> Peak:
    """One run against all of them, and a good server that answers when they have sent a lot."""
    with ExitStack() as held:
        meters = {name: Meter(behave) for name, (_, behave) in chosen.items()}
        at_worst = patient(lambda: sum(meter.sent for meter in meters.values()) > _WORST)
        ports = {
            name: (chosen[name][0], held.enter_context(serving(meter))) for name, meter in meters.items()
        }
        ports["a good one"] = ("value", held.enter_context(serving(at_worst)))
        return peak(folder, memory, ports, "--env", "shop/live")


def test_a_run_keeps_its_bound_whatever_servers_send(tmp_path: Path) -> None:
    found = beside(tmp_path, "150M", {name: servers()[name] for name in _QUICK})
    assert found.most < 150e6
    outcomes = {name: outcome for name, (outcome, _) in found.reasons.items()}
    assert outcomes == {**dict.fromkeys(_QUICK, "unknown"), "a good one": "pass"}


@pytest.mark.slow
@pytest.mark.parametrize("memory", [250, 400])
def test_every_way_to_send_too_much(tmp_path: Path, memory: int) -> None:
    chosen = servers()
    found = beside(tmp_path, f"{memory}M", chosen)
    assert found.most < memory * 1e6
    outcomes = {name: outcome for name, (outcome, _) in found.reasons.items()}
    assert outcomes == {**dict.fromkeys(chosen, "unknown"), "a good one": "pass"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(servers()))
def test_each_by_itself(tmp_path: Path, name: str) -> None:
    found = beside(tmp_path, "400M", {name: servers()[name]})
    assert found.most < 400e6
    assert found.reasons[name][0] == "unknown"


@pytest.mark.slow
def test_pods_that_fail_by_the_ten_thousand_in_several_clusters(tmp_path: Path) -> None:
    """Facts that are let in become findings, and reports of them."""
    with ExitStack() as held:
        ports = {f"cluster {one}": ("pods", held.enter_context(serving(failing(30_000)))) for one in range(6)}
        found = peak(tmp_path, "400M", ports, "--env", "shop/live")
    assert found.most < 400e6
    assert {outcome for outcome, _ in found.reasons.values()} <= {"fail", "unknown"}


@pytest.mark.slow
def test_names_of_any_length_are_not_multiplied_by_what_is_said_of_them(tmp_path: Path) -> None:
    with ExitStack() as held:
        ports = {
            f"cluster {one}": ("pods", held.enter_context(serving(failing(2_000, 15_000))))
            for one in range(8)
        }
        found = peak(tmp_path, "400M", ports, "--env", "shop/live")
    assert found.most < 400e6
    assert {outcome for outcome, _ in found.reasons.values()} <= {"fail", "unknown"}


@pytest.mark.slow
def test_a_healthy_cluster_of_ten_thousand_pods_is_far_from_it(tmp_path: Path) -> None:
    """All of them are looked at, in half of what a run may take."""
    with serving(healthy(10_000)) as port:
        found = peak(tmp_path, "400M", {"ten thousand": ("pods", port)}, "--env", "shop/live")
    (row,) = found.result.requirements
    assert {finding.outcome.value for item in row.items for finding in item.findings} == {"fail"}
    assert sum(len(item.findings) for item in row.items) == 10_000
    assert found.most < 200e6
