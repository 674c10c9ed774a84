"""Mistakes in what closes the gate, and in which result stands."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

JUDGE = (
    Slip(
        "the gate forgets undecided findings",
        f"{_P}/judge/gate.py",
        "        if Outcome.UNKNOWN in closing:\n            undecided.append(key)\n",
        "",
        "judge",
    ),
    Slip(
        "the gate forgets what did not run",
        f"{_P}/judge/gate.py",
        "        if missing:\n            incomplete.append(key)\n",
        "",
        "judge",
    ),
    Slip(
        "the gate looks at the requirement's outcome alone",
        f"{_P}/judge/gate.py",
        "if outcome.bad and of_finding.at_least(level)",
        "if outcome is result.outcome and of_finding.at_least(level)",
        "judge",
    ),
    Slip(
        "a level is worse the lower it is",
        f"{_P}/model/level.py",
        "self.rank <= other.rank",
        "self.rank >= other.rank",
        "judge model",
    ),
    Slip(
        "an altered run opens the gate",
        f"{_P}/judge/gate.py",
        " or incomplete or unsound)",
        " or incomplete)",
        "judge hooks/test_replay.py",
    ),
    Slip(
        "the level shown is that of the worst outcome alone",
        f"{_P}/model/finding.py",
        "outcome is shown or (shown.bad and outcome.bad)",
        "outcome is shown",
        "judge examine",
    ),
    Slip(
        "of an item that ran twice the first result stands",
        f"{_P}/judge/fold.py",
        "latest = {item.nodeid: item for item in items}",
        "latest = {item.nodeid: item for item in reversed(items)}",
        "judge hooks",
    ),
    Slip(
        "a missing item is nothing",
        f"{_P}/judge/fold.py",
        "incomplete=len(done) < len(wanted)",
        "incomplete=False",
        "judge hooks/test_partial.py hooks/test_run.py",
    ),
    Slip(
        "a waiver covers what it does not name",
        f"{_P}/judge/waivers.py",
        "finding.outcome in waiver.covers and fnmatch",
        "fnmatch",
        "hooks/test_waivers.py judge",
    ),
    Slip(
        "a waiver never ends",
        f"{_P}/model/requirement.py",
        "return self.begins <= moment < self.until",
        "return self.begins <= moment",
        "hooks/test_waivers.py judge model",
    ),
)
