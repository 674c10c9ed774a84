"""A real rabbitmq-server on loopback: its own node name, base folder, ports, and port mapper."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsproof.testing.faulty import unused_port

# Debian's wrapper in /usr/sbin changes the user; the script itself runs as whoever starts it.
BIN = Path("/usr/lib/rabbitmq/bin")
_STARTS = 120.0


@dataclass(frozen=True)
class Broker:
    """A running node."""

    folder: Path
    port: int
    env: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ctl(self, *words: str) -> str:
        """`rabbitmqctl ...`; fails the test with what it says."""
        done = subprocess.run(
            [str(BIN / "rabbitmqctl"), "--node", self.env["RABBITMQ_NODENAME"], *words],
            env=self.env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def there() -> bool:
    return (BIN / "rabbitmq-server").exists()


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """Started, with its management API answering; ended with its port mapper."""
    broker = _made(folder)
    log = (folder / "console.log").open("wb")
    process = subprocess.Popen(
        [str(BIN / "rabbitmq-server")], env=broker.env, stdout=log, stderr=log, start_new_session=True
    )
    try:
        _answers(broker, process)
        yield broker
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        subprocess.run(["epmd", "-kill"], env=broker.env, capture_output=True, check=False)
        log.close()


def _made(folder: Path) -> Broker:
    folder.mkdir(parents=True)
    port = unused_port()
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{unused_port()}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\n"
        "disk_free_limit.absolute = 1MB\n"
    )
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {
        "HOME": str(folder),  # the Erlang cookie lies there
        "RABBITMQ_NODENAME": f"opsproof{os.getpid()}@localhost",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_DIST_PORT": str(unused_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(unused_port()),
    }
    return Broker(folder, port, env)


def _answers(broker: Broker, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _STARTS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{broker.url}/", timeout=2):
                broker.ctl("await_startup")
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError((broker.folder / "console.log").read_text()[-2000:])
