"""A page in a real browser, without any window."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def told_by(page: str, script: str, folder: Path, *more: str) -> Any:
    """What the expression `script` comes to once the page is there, as JSON."""
    told = f"<script>document.title = 'told ' + JSON.stringify({script})</script></body>"
    dom = _opened(page.replace("</body>", told), folder, "--dump-dom", *more).stdout
    found = re.search(r"<title>told (.*)</title>", dom)
    assert found, dom[-500:]
    return json.loads(html.unescape(found[1]))


def _opened(page: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "the testbed installs it"
    file = folder / "page.html"
    file.write_text(page)
    return subprocess.run(
        [chromium, *_QUIET, f"--user-data-dir={folder / 'profile'}", *words, file.as_uri()],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
