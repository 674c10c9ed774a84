"""Builds what Debian lacks from Go modules, once for each set of inputs: `python -m tests.testbed.build`."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.testbed import place
from tests.testbed.process import TestbedError

KUBERNETES = "v1.36.3"
OLDEST_GO = (1, 26)
LINKS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
SOURCE = Path(__file__).parent / "kube"
_STAMPS = {
    "k8s.io/component-base/version.gitVersion": KUBERNETES,
    "k8s.io/component-base/version.gitMajor": "1",
    "k8s.io/component-base/version.gitMinor": "36",
    "k8s.io/client-go/pkg/version.gitVersion": KUBERNETES,
}


@dataclass(frozen=True)
class Program:
    """One executable: from a module of the testbed's own, or a released package at a pinned version."""

    name: str
    module: Path | None = None
    package: str = "."
    stamps: tuple[str, ...] = ()

    @property
    def flags(self) -> list[str]:
        return ["-trimpath", "-ldflags=" + " ".join(("-s", "-w", *self.stamps))]

    def digest(self, go: str) -> str:
        """Of everything that decides what comes out."""
        content = hashlib.sha256(repr((self.package, self.flags, go)).encode())
        if self.module:
            for name in ("go.mod", "go.sum", "main.go"):
                content.update((self.module / name).read_bytes())
        return content.hexdigest()[:16]

    def build(self, into: Path) -> None:
        """Raises TestbedError with the compiler's last lines."""
        env = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(into)}
        command = ["go", "install", *self.flags, self.package]
        if self.module:
            command = ["go", "build", *self.flags, "-o", str(into / self.name), self.package]
        done = subprocess.run(command, cwd=self.module, env=env, capture_output=True, text=True)
        if done.returncode:
            last = "\n".join(done.stderr.splitlines()[-15:])
            raise TestbedError(f"{' '.join(command)} failed:\n{last}")


_AWS = "github.com/vmware-tanzu/velero-plugin-for-aws"
PROGRAMS = (
    Program("kube", SOURCE, stamps=tuple(f"-X {name}={value}" for name, value in _STAMPS.items())),
    Program("kwok", package="sigs.k8s.io/kwok/cmd/kwok@v0.7.0"),
    Program("metrics-server", SOURCE / "metrics-server"),
    Program("cert-manager", SOURCE / "cert-manager"),
    Program("velero", SOURCE / "velero"),
    Program("velero-plugin-for-aws", SOURCE / "velero", package=f"{_AWS}/velero-plugin-for-aws"),
    Program("versitygw", package="github.com/versity/versitygw/cmd/versitygw@v1.8.0"),
)


def programs() -> Path:
    """The folder of the built programs, and of the names kube is called by."""
    return place.cache() / "bin"


def ensure(progress: Callable[[str], object] = print) -> Path:
    """Build what is missing or was built from other inputs; returns `programs()`.

    Raises:
        TestbedError: Go is missing or too old, or a build failed.
    """
    go = ""
    for number, program in enumerate(PROGRAMS, 1):
        go = go or _go_version()
        if not _built(program, go):
            progress(f"building {program.name} ({number} of {len(PROGRAMS)}), minutes on the first time ...")
            began = time.monotonic()
            _keep(program, go)
            progress(f"built {program.name} in {time.monotonic() - began:.0f} s")
    _link()
    return programs()


def _kept(program: Program, go: str) -> Path:
    return place.cache() / "built" / f"{program.name}-{program.digest(go)}"


def _built(program: Program, go: str) -> bool:
    kept = _kept(program, go)
    if kept.exists():
        _name(program, kept)
    return kept.exists()


def _keep(program: Program, go: str) -> None:
    """Build beside the cache and move into it, so that a broken-off build leaves nothing."""
    kept = _kept(program, go)
    work = kept.with_suffix(f".{os.getpid()}.new")
    work.mkdir(parents=True)
    try:
        program.build(work)
        (work / program.name).replace(kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _name(program, kept)


def _name(program: Program, kept: Path) -> None:
    _point(programs() / program.name, kept)


def _link() -> None:
    for name in LINKS:
        _point(programs() / name, (programs() / "kube").resolve())


def _point(link: Path, target: Path) -> None:
    if link.is_symlink() and link.resolve() == target.resolve():
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_suffix(f".{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _go_version() -> str:
    advice = f"install Go {OLDEST_GO[0]}.{OLDEST_GO[1]} or newer: https://go.dev/dl/"
    try:
        said = subprocess.run(
            ["go", "env", "GOVERSION"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise TestbedError(
            f"the testbed builds Kubernetes with Go, which is missing ({error}); {advice}"
        ) from error
    found = re.match(r"go(\d+)\.(\d+)", said)
    if not found or (int(found[1]), int(found[2])) < OLDEST_GO:
        raise TestbedError(f"the testbed builds Kubernetes with Go; {said or 'this Go'} is too old; {advice}")
    return said


if __name__ == "__main__":
    ensure(lambda text: print(f"testbed: {text}", flush=True))
