"""-q: a line for each finding that is not PASS; -qq: the gate alone."""

from __future__ import annotations

from tests.hooks.inside import Inside


def test_quiet_is_a_line_for_each_finding(inside: Inside) -> None:
    """Level, outcome, requirement, subject and message, the worst first, then the gate; nothing of what passes."""
    inside.shop.statuses |= {"/cart": 404, "/front": 500}

    done = inside.run("checks", "-q")

    base = inside.shop.url
    wanted = [
        f"critical FAIL SH-001 shop/production endpoint {base}/front: HTTP 500",
        f"medium FAIL SH-002 shop/production endpoint {base}/cart: HTTP 404",
        f"medium FAIL SH-002 shop/production endpoint {base}/front: HTTP 500",
    ]
    assert wanted == [line for line in done.outlines if " SH-00" in line]
    assert "GATE CLOSED at low: 2 failed" in done.outlines
    assert any(line.startswith("report: reports/") for line in done.outlines)


def test_what_did_not_run_is_a_line_too(inside: Inside) -> None:
    """An incomplete requirement has no finding, and is undecided all the same."""
    inside.shop.statuses["/front"] = 500

    done = inside.run("checks", "-q", "-x")

    assert "low UNKNOWN SH-003 shop/production it was selected and did not run to its end" in done.outlines


def test_quieter_is_the_gate_alone(inside: Inside) -> None:
    """One line to be read by a person in a hurry, beside pytest's own dots."""
    inside.shop.statuses["/front"] = 500

    done = inside.run("checks", "-qq", "-m", "continuous")

    shown = [line for line in done.outlines if line.strip(" .FU") and "%]" not in line]
    assert ["GATE CLOSED at low: 1 failed"] == shown
