"""An ssh server in this process: enough of one for what opsproof runs on a host."""

from __future__ import annotations

import base64
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import paramiko

from opsproof.testing.bytewise import others
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Fault, Said, right

KEY = paramiko.ECDSAKey.generate()
Answer = tuple[int, bytes]
Program = Callable[[str], Answer]
logging.getLogger("tests.ssh").setLevel(logging.CRITICAL + 1)

MOUNTINFO = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n23 22 0:4 / /proc rw - proc proc rw\n"
DF = (
    "Type 1B-blocks Used Avail Inodes IUsed Mounted on\n"
    "ext4 1000 500 400 100 10 /\nproc 0 0 0 0 0 /proc\n"
)  # fmt: skip
MACHINE_ID = "0123456789abcdef0123456789abcdef"


def host(said: Said) -> Program:
    """A Linux with one disk, that says its text wherever a host is free to choose one."""
    mount = said.text.replace("\\", "\\134").replace(" ", "\\040").replace("\n", "\\012")
    clock = said.clock or datetime.now(timezone.utc)
    answers = {
        "cat /etc/machine-id": f"{MACHINE_ID}\n",
        "cat /etc/os-release": f'NAME="{said.text}"\nVERSION_ID="12"\n',
        "date -u +%s.%N": f"{clock.timestamp():.9f}\n",
        "cat /proc/self/mountinfo": f"{MOUNTINFO}24 22 8:2 / /{mount} rw - ext4 /dev/sdb1 rw\n",
        "df -a": f"{DF}ext4 1000 100 800 100 10 /{said.text}\n",
        "timedatectl show": "NTP=yes\nNTPSynchronized=yes\n",
        "cat /proc/uptime": "5000.10 9000.00\n",
        "find ": f"f 640 root root 12 {clock.timestamp():.9f}0 /{said.text}\0",
        "systemctl show": f"LoadState=loaded\nActiveState=active\nSubState={said.text}\nResult=success\n"
        "NRestarts=0\nStateChangeTimestampMonotonic=1000000\n",
    }

    def answer(command: str) -> Answer:
        plain = command.removeprefix("env LC_ALL=C ")
        out = next((text for start, text in answers.items() if plain.startswith(start)), None)
        return (127, b"") if out is None else (0, out.encode("utf-8", "surrogatepass"))

    return answer


class Ssh:
    """The protocol of hosts."""

    def good(self, said: Said) -> Behaviour:
        return speaking(host(said))

    def faults(self) -> Mapping[str, Fault]:
        def answering(status: int, out: bytes = b"") -> Behaviour:
            return speaking(lambda command: (status, out))

        return {
            "401: wrong password": Fault(speaking(host(Said()), accepts=False), right("Unauthenticated")),
            "403: no session": Fault(speaking(host(Said()), opens=False), right("Forbidden")),
            "403: not one of the allowed commands": Fault(answering(126), right("Forbidden")),
            "404: no such command": Fault(answering(127), right("NotFound")),
            "a command that fails": Fault(answering(1), right("BadAnswer")),
            "nothing printed": Fault(answering(0), right("BadAnswer")),
            "half a line": Fault(answering(0, b"22 1 8:1 / / rw"), right("BadAnswer")),
            "another program's output": Fault(
                answering(0, b"<script>alert(1)</script>\n"), right("BadAnswer")
            ),
            "another host key": Fault(
                speaking(host(Said()), key=paramiko.ECDSAKey.generate()), right("IdentityMismatch")
            ),
            **others(),
        }

    def oversized(self) -> Mapping[str, Behaviour]:
        def endless(connection: socket.socket) -> None:
            while True:
                connection.sendall(b"x" * 65536)

        return {
            "a banner without end": endless,
            "output without end": speaking(lambda command: (0, b"x" * (3 * 2**20))),
        }


def known_hosts(folder: Path, port: int) -> str:
    """A file that vouches for the server's key."""
    file = folder / f"known_hosts-{port}"
    key = base64.b64encode(KEY.asbytes()).decode()
    file.write_text(f"# of the test\n[127.0.0.1]:{port} {KEY.get_name()} {key}\n")
    return str(file)


def speaking(program: Program, *, accepts: bool = True, opens: bool = True, key: Any = None) -> Behaviour:
    """Serve one connection until the client leaves; each command is answered by `program`."""

    def behave(connection: socket.socket) -> None:
        transport = paramiko.Transport(_End(connection))
        transport.set_log_channel("tests.ssh")
        transport.add_server_key(key or KEY)
        try:
            transport.start_server(server=_Server(program, accepts=accepts, opens=opens))
        except (paramiko.SSHException, EOFError, OSError):
            pass
        transport.join()

    return behave


class _End:
    """A socket that writes with `sendall`, where the tests spoil what is sent."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _Server(paramiko.ServerInterface):
    def __init__(self, program: Program, *, accepts: bool, opens: bool) -> None:
        self._program = program
        self._accepts = accepts
        self._opens = opens

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if self._accepts else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self._opens:
            return paramiko.OPEN_SUCCEEDED
        return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: Any, command: bytes) -> bool:
        threading.Thread(target=self._answer, args=(channel, command.decode()), daemon=True).start()
        return True

    def _answer(self, channel: Any, command: str) -> None:
        try:
            channel.recv(1)  # the client has nothing to say once it knows that the command runs
            status, out = self._program(command)
            channel.sendall(out)
            channel.send_exit_status(status)
            channel.close()
        except (OSError, EOFError, paramiko.SSHException):
            channel.get_transport().close()  # the client is gone, or this end was told to break off
