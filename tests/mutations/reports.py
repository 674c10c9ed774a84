"""Mistakes in what people read."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

REPORTS = (
    Slip(
        "the page escapes nothing",
        f"{_P}/report/html.py",
        "autoescape=True",
        "autoescape=False",
        "report/test_html.py",
    ),
    Slip(
        "characters that steer reach the page",
        f"{_P}/report/html.py",
        "finalize=_harmless,",
        "finalize=lambda value: value,",
        "report/test_never_left_out.py",
    ),
    Slip(
        "the data of the page's script can end its element",
        f"{_P}/report/html.py",
        '.replace("<", "\\\\u003c")',
        "",
        "report/test_html.py",
    ),
    Slip(
        "a low failure hides a critical question",
        f"{_P}/report/urgency.py",
        "(0, level.rank, outcome.rank)",
        "(0, outcome.rank, level.rank)",
        "report/test_html.py report/test_terminal.py",
    ),
    Slip(
        "the terminal's table leaves empty what nobody knows",
        f"{_P}/report/terminal.py",
        "cells = (f\"{row[outcome.value] or '.':>{width}}\"",
        "cells = (f\"{row[outcome.value] * (outcome is not Outcome.UNKNOWN) or '.':>{width}}\"",
        "report/test_never_left_out.py",
    ),
    Slip(
        "a server that is not the declared one is not named",
        f"{_P}/report/terminal.py",
        'if target.verified == "mismatch":',
        "if False:",
        "report/test_never_left_out.py",
    ),
    Slip(
        "JUnit takes what nobody knows for a failure",
        f"{_P}/report/junit.py",
        'Outcome.UNKNOWN: "error"',
        'Outcome.UNKNOWN: "failure"',
        "report/test_junit.py",
    ),
    Slip(
        "what differs in its level is one entry",
        f"{_P}/report/grouping.py",
        "one.level.rank, ",
        "0, ",
        "report/test_html.py",
    ),
    Slip(
        "another maker's template is used",
        f"{_P}/report/compiled.py",
        "{self.maker.read_text()}",
        "",
        "report/test_compiled.py",
    ),
    Slip(
        "a size is drawn as the age of a backup",
        f"{_P}/report/ages.py",
        "(one.limit.unit == Duration.unit or not one.limit)",
        "True",
        "report/test_ages.py",
    ),
    Slip(
        "the youngest backup stands for its system",
        f"{_P}/report/ages.py",
        "_bar(of[0], len(of))",
        "_bar(of[-1], len(of))",
        "report/test_ages.py",
    ),
    Slip(
        "a source that does not answer is no part of the picture",
        f"{_P}/report/ages.py",
        "one.limit.unit == Duration.unit or not one.limit",
        "one.limit.unit == Duration.unit",
        "report/test_ages.py",
    ),
    Slip(
        "what passes is not measured",
        f"{_P}/examine/examination.py",
        "            if self.examination.measures:\n                self.examination.keep(self)\n",
        "",
        "examine checks/backup/test_fresh.py",
    ),
)
