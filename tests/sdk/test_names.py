"""`opsproof.sdk` is what sources outside of the repository are written with: its names stay."""

from __future__ import annotations

import ast

from opsproof import sdk
from tests.sdk.outside import EXAMPLE

PINNED = """
    CERTIFICATE Account Address Answer Argument Ask BadAnswer Budget CollectionError Collector Context
    Failure FilePath Forbidden Identify IdentityMismatch JsonApi Link Listing Need NotConfigured NotFound Partly Port
    Request Response Rights RightsFile Row Scope SecretOrPath SecretRef SourceKind Subject Table Target TargetReport
    TargetSettings Text TimedOut TlsFailed TooBig Unauthenticated Undecided Unreachable Url Watchdog WebSettings
    decode get listing refuse session spaced translated watchdog
"""


def test_the_names_are_pinned() -> None:
    """Whoever adds a name adds it here; whoever takes one away breaks other people's sources."""
    assert sorted(PINNED.split()) == sorted(sdk.__all__)
    assert all(hasattr(sdk, name) for name in sdk.__all__)


def test_the_example_needs_nothing_else() -> None:
    """It imports opsproof, opsproof.sdk and opsproof.testing alone."""
    found = set()
    for path in sorted(EXAMPLE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opsproof"):
                found.add(node.module)
    ours = {name for name in found if name and name.partition(".")[0] == "opsproof"}
    assert ours == {
        "opsproof",
        "opsproof.sdk",
        "opsproof.testing.contract",
        "opsproof.testing.facts",
        "opsproof.testing.web",
    }
