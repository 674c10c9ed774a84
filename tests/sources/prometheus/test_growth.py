"""The sums of counters, as Prometheus itself computes them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from opsproof.sources.prometheus.growth import REPLICAS, folded, growth

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool of Debian's prometheus")
# One sample every 15 s for two hours, looked at at 2 h.
STEPS = 480


def evaluated(tmp_path: Path, expression: str, series: dict[str, str], expected: float | None) -> None:
    """Require what Prometheus's own test runner computes at 2 h; None for no result."""
    query = expression.replace("${window}", "300s").replace("${replicas}", ", ".join(REPLICAS))
    samples = [] if expected is None else [{"labels": "{}", "value": expected}]
    document = {
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": query, "eval_time": "2h", "exp_samples": samples}],
            }
        ],
    }
    file = tmp_path / "growth.yaml"
    file.write_text(json.dumps(document))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def born(value: str, before: int = 8) -> str:
    """A series whose first sample is that many steps before the end."""
    return f"_x{STEPS - before} {value}x{before}"


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ({"a": f"0+3x{STEPS}"}, 60),
        ({"a": born("40+0")}, 40),
        ({"a": born("40+0", before=1)}, 40),
        ({'a{x="1"}': f"0+3x{STEPS}", 'a{x="2"}': born("40+0")}, 100),
        ({"a": f"1000000+0x{STEPS}"}, 0),
        ({"a": f"1000000+0x200 _x{STEPS - 208} 1000000+0x8"}, 1000000),
        ({"a": f"1000000+0x400 _x60 1000000+0x{STEPS - 461}"}, 0),
        ({"b": f"0+3x{STEPS}"}, None),
    ],
    ids=[
        "a counter that was there", "born with forty", "born a moment ago", "one of two born",
        "at rest", "away for more than an hour", "back after a quarter of an hour", "none",
    ],
)  # fmt: skip
def test_growth_counts_what_a_series_was_born_with(
    tmp_path: Path, series: dict[str, str], expected: float | None
) -> None:
    evaluated(tmp_path, growth("a"), series, expected)


def test_the_replicas_of_a_pair_count_once(tmp_path: Path) -> None:
    pair = {
        f'a{{pod="{pod}",{label}="{number}"}}': f"0+3x{STEPS}"
        for label in REPLICAS
        for pod in ("x", "y")
        for number in (1, 2)
    }
    evaluated(tmp_path, growth("a"), pair, 120)
    evaluated(tmp_path, f"sum({folded('a')})", pair, 2 * 3 * STEPS)


def test_pods_that_only_look_like_a_pair_count_each(tmp_path: Path) -> None:
    pods = {f'a{{replica="{one}",instance="{one}"}}': f"0+3x{STEPS}" for one in (1, 2)}
    evaluated(tmp_path, growth("a"), pods, 120)
