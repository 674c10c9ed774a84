"""Mistakes in the plugin."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

HOOKS = (
    Slip(
        "what was taken away by a plugin is not missed",
        f"{_P}/hooks/selection.py",
        "if id(item) not in run))",
        "if False))",
        "hooks/test_partial.py",
    ),
    Slip(
        "a bare pytest goes live",
        f"{_P}/hooks/reach.py",
        "asked=_named(config, root) or bool(_asking(config)))",
        "asked=True)",
        "hooks/test_door.py hooks/test_run.py",
    ),
    Slip(
        "the gate has no say in the exit status",
        f"{_P}/hooks/ended.py",
        "int(pytest.ExitCode.TESTS_FAILED if self.result.gate.closed else pytest.ExitCode.OK)",
        "int(pytest.ExitCode.OK)",
        "hooks/test_run.py",
    ),
    Slip(
        "a result is not kept in the journal",
        f"{_P}/hooks/running.py",
        'self.run.journal.append("result", redacted)',
        "pass",
        "hooks/test_run.py",
    ),
)
