"""The Debian packages that the testbed runs; installs what is missing where it may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.testbed import process

PACKAGES = {
    "etcd-server": ("/usr/bin/etcd",),
    "prometheus": ("/usr/bin/prometheus", "/usr/bin/promtool"),
    "prometheus-alertmanager": ("/usr/bin/prometheus-alertmanager",),
    "postgresql": ("/usr/lib/postgresql/*/bin/postgres", "/usr/bin/psql"),
    "pgbouncer": ("/usr/sbin/pgbouncer",),
    "redis-server": ("/usr/bin/redis-server", "/usr/bin/redis-cli"),
    "nginx": ("/usr/sbin/nginx",),
    "chromium": ("/usr/bin/chromium",),
    "openssh-server": ("/usr/sbin/sshd", "/usr/bin/ssh-keygen"),
    "rabbitmq-server": ("/usr/lib/rabbitmq/bin/rabbitmq-server",),
}
# Installing must not start the packages' own services: the testbed starts the programs itself.
POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """Packages of which a program is not there."""
    return [package for package, programs in PACKAGES.items() if not all(map(_present, programs))]


def _present(program: str) -> bool:
    return any(Path("/").glob(program.lstrip("/"))) or shutil.which(Path(program).name) is not None


def ensure(progress: Callable[[str], object] = print) -> None:
    """Install what is missing.

    Raises:
        TestbedError: something is missing and this is not root on Debian; says what to install.
    """
    wanted = missing()
    if not wanted:
        return
    if os.geteuid() or shutil.which("apt-get") is None:
        raise process.TestbedError(
            f"missing programs: as root on Debian run: apt-get install {' '.join(wanted)}"
        )
    progress(f"packages: installing {', '.join(wanted)}")
    with _services_kept_off():
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *wanted)
    still = missing()
    if still:
        raise process.TestbedError(f"apt-get installed nothing that provides: {', '.join(still)}")


def _apt(*words: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", "-q", *words], env=env, capture_output=True, text=True)
    if done.returncode:
        raise process.TestbedError(f"apt-get {' '.join(words)}: {done.stderr.strip()[-500:]}")


@contextmanager
def _services_kept_off() -> Iterator[None]:
    """While packages are installed nothing is started, unless somebody has already decided that."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
