"""A host, this machine and over ssh: one connection, keys that somebody vouches for, commands that are named."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from checks.health.check_host_services import HostServiceLimits
from opsproof.model.failure import (
    CollectionError,
    Forbidden,
    IdentityMismatch,
    NotConfigured,
    NotFound,
    Unauthenticated,
)
from opsproof.model.rights import Account
from opsproof.model.target import Target
from opsproof.sources.host.asks import (
    FilesOf,
    FileSystemsOf,
    HostAsk,
    KubeletOf,
    NamedServices,
    ReleaseOf,
    ServicesOf,
    SocketsOf,
    TimeSyncOf,
)
from opsproof.sources.host.collector import HostCollector
from opsproof.sources.host.keys import fingerprint, private_key
from opsproof.sources.host.rights import RIGHTS
from opsproof.sources.host.settings import HostSettings
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from opsproof.testing.spoken import Said
from tests.checks.contexts import Row
from tests.contract.ssh_wire import KEY, host, known_hosts, speaking

PASSWORD = "the-password-of-the-host"
FILE_SYSTEMS = FileSystemsOf(target="host:test")


@contextmanager
def serving(tmp_path: Path, program: Any = None, **more: Any) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """The settings of a host that answers, and a count of its connections."""
    count = [0]
    behave = speaking(program or host(Said()), **more)

    def counted(connection: Any) -> None:
        count[0] += 1
        behave(connection)

    (tmp_path / "password").write_text(PASSWORD)
    with faulty.serving(counted) as port:
        settings = {
            "host": "127.0.0.1", "port": port, "user": "ops", "password": {"file": str(tmp_path / "password")},
            "known_hosts": known_hosts(tmp_path, port),
        }  # fmt: skip
        yield settings, count


def collected(settings: dict[str, Any], *asks: HostAsk, **more: Any) -> tuple[list[Any], RecordingLink]:
    target = target_of("host", **more, **settings)
    link = RecordingLink(target)
    collector = HostCollector(target)
    try:
        return [collector.collect(ask, link) for ask in asks], link
    finally:
        collector.close()


# -- the connection ----------------------------------------------------------------------------------------


def test_all_asks_of_a_host_take_one_connection(tmp_path: Path) -> None:
    with serving(tmp_path) as (settings, count):
        (found, time, again), link = collected(
            settings, FILE_SYSTEMS, TimeSyncOf(target="host:test"), FILE_SYSTEMS
        )
    assert (1, 1) == (count[0], link.paths.count("SSH CONNECT"))
    assert time.synchronized
    assert found == again


def test_a_connection_that_broke_is_made_anew(tmp_path: Path) -> None:
    """The ask that it broke under is lost, the next is not."""
    dies = [True]
    good = host(Said())

    def program(command: str) -> tuple[int, bytes]:
        if dies[0]:
            dies[0] = False
            raise EOFError
        return good(command)

    with serving(tmp_path, program) as (settings, count):
        target = target_of("host", **settings)
        collector = HostCollector(target)
        with pytest.raises(CollectionError):
            collector.collect(FILE_SYSTEMS, RecordingLink(target))
        assert "/" in {one.mount for one in collector.collect(FILE_SYSTEMS, RecordingLink(target))}
        collector.close()
    assert 2 == count[0]


def test_the_fingerprint_is_the_one_of_ssh_keygen(tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_text(f"{KEY.get_name()} {KEY.get_base64()}\n")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True
    ).stdout
    assert shown.split()[1] == fingerprint(KEY)


def test_a_declared_host_key_takes_the_place_of_known_hosts(tmp_path: Path) -> None:
    identity = {"host-key-sha256": fingerprint(KEY)}
    with serving(tmp_path) as (settings, _):
        del settings["known_hosts"]
        target = declared(settings, identity)
        link = RecordingLink(target)
        collector = HostCollector(target)
        report = collector.identify(link)
        collector.close()
    assert fingerprint(KEY) == report.identity["host-key-sha256"]
    assert "0123456789abcdef0123456789abcdef" not in str(report)
    assert {"host-key-sha256"} == link.proven


def declared(settings: dict[str, Any], identity: dict[str, str]) -> Target:
    """As an environment declares it: the identity stands in the settings, too."""
    made = HostSettings.model_validate({**settings, "identity": identity}, context="/")
    return replace(target_of("host", local=True), settings=made, identity=identity)


def test_another_host_is_refused_before_the_password_is_sent(tmp_path: Path) -> None:
    other = {"host-key-sha256": fingerprint(paramiko.ECDSAKey.generate())}
    with serving(tmp_path) as (settings, _):
        del settings["known_hosts"]
        target = declared(settings, other)
        link = RecordingLink(target)
        with pytest.raises(IdentityMismatch, match="another server"):
            HostCollector(target).collect(FILE_SYSTEMS, link)
    assert [] == link.told


@pytest.mark.parametrize(
    "line", ["", "@revoked {host} {key}\n{host} {key}\n", "{host} damaged\n", "other {key}\n"]
)
def test_a_key_that_nobody_vouches_for_is_refused(tmp_path: Path, line: str) -> None:
    """Not known, revoked, damaged, another host's: nothing is added, and nobody logs in."""
    with serving(tmp_path) as (settings, _):
        key = f"{KEY.get_name()} {KEY.get_base64()}"
        Path(settings["known_hosts"]).write_text(line.format(host=f"[127.0.0.1]:{settings['port']}", key=key))
        target = target_of("host", **settings)
        link = RecordingLink(target)
        with pytest.raises((IdentityMismatch, NotConfigured)):
            HostCollector(target).collect(FILE_SYSTEMS, link)
    assert [] == link.told


def test_a_hashed_line_of_known_hosts_vouches(tmp_path: Path) -> None:
    with serving(tmp_path) as (settings, _):
        name = paramiko.HostKeys.hash_host(f"[127.0.0.1]:{settings['port']}")
        Path(settings["known_hosts"]).write_text(f"{name} {KEY.get_name()} {KEY.get_base64()}\n")
        assert collected(settings, FILE_SYSTEMS)[0]


def test_a_refused_login_is_unauthenticated(tmp_path: Path) -> None:
    with serving(tmp_path, accepts=False) as (settings, _), pytest.raises(Unauthenticated):
        collected(settings, FILE_SYSTEMS)


def test_private_keys_of_every_kind_are_read(tmp_path: Path) -> None:
    for kind, options in (("ed25519", []), ("ecdsa", []), ("rsa", ["-b", "2048", "-m", "PEM"])):
        file = tmp_path / kind
        words = ["ssh-keygen", "-q", "-t", kind, *options, "-N", "a passphrase", "-f", str(file)]
        subprocess.run(words, check=True)
        public = file.with_suffix(".pub").read_text().split()[1]
        assert public == private_key(file.read_text().strip(), "a passphrase").get_base64()
        for wrong in (None, "another"):
            with pytest.raises(NotConfigured) as failure:
                private_key(file.read_text(), wrong)
            assert "passphrase" in failure.value.message


# -- commands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "kind"), [(127, NotFound), (126, Forbidden)])
def test_a_command_that_is_missing_or_forbidden_is_named(
    tmp_path: Path, status: int, kind: type[CollectionError]
) -> None:
    def program(command: str) -> tuple[int, bytes]:
        return (status, b"") if " df " in command else host(Said())(command)

    with serving(tmp_path, program) as (settings, _), pytest.raises(kind, match="the command df"):
        collected(settings, FILE_SYSTEMS)


def test_a_df_that_was_refused_in_part_leaves_the_rest(tmp_path: Path) -> None:
    """It ends with 1, and tells nothing of one mount."""

    def program(command: str) -> tuple[int, bytes]:
        status, out = host(Said())(command)
        return (
            (1, out.replace(b"ext4 1000 100 800 100 10 /name\n", b"")) if " df " in command else (status, out)
        )

    with serving(tmp_path, program) as (settings, _):
        (found,), _ = collected(settings, FILE_SYSTEMS)
    assert {"/": 500, "/proc": 0, "/name": None} == {one.mount: one.used for one in found}


def test_any_other_command_that_fails_tells_nothing(tmp_path: Path) -> None:
    """Whatever it printed."""

    def program(command: str) -> tuple[int, bytes]:
        status, out = host(Said())(command)
        return (1, out) if " timedatectl " in command else (status, out)

    with (
        serving(tmp_path, program) as (settings, _),
        pytest.raises(CollectionError, match="failed with exit status 1"),
    ):
        collected(settings, TimeSyncOf(target="host:test"))


def test_sudo_is_used_only_where_it_is_declared(tmp_path: Path) -> None:
    for sudo in (False, True):
        seen: list[str] = []

        def program(command: str, seen: list[str] = seen) -> tuple[int, bytes]:
            seen.append(command)
            return host(Said())(command.replace("sudo -n ", ""))

        with serving(tmp_path, program) as (settings, _):
            collected(settings, FILE_SYSTEMS, sudo=sudo)
        assert [sudo, sudo] == [one.startswith("env LC_ALL=C sudo -n ") for one in seen]


def test_names_of_the_row_are_quoted() -> None:
    """A shell reads them as one word."""
    ask = FilesOf(target="host:x", folder="/var/$(reboot)", pattern="*; rm -rf /")
    assert "'/var/$(reboot)'" in ask.needs[0].on
    assert list(ask.commands[0]) == shlex.split(ask.needs[0].on)


@pytest.mark.parametrize("name", ["nginx; reboot", "--help", "*", "a b", ""])
def test_what_is_no_units_name_is_not_asked_for(name: str) -> None:
    with pytest.raises(NotConfigured):
        NamedServices().asks(Row(HostServiceLimits(services=(name,))))


def test_units_are_services_where_nothing_else_is_said() -> None:
    (ask,) = NamedServices().asks(
        Row(HostServiceLimits(services=("nginx", "backup.timer", "my.app", "nginx.service")))
    )
    assert isinstance(ask, ServicesOf)
    assert ("nginx.service", "backup.timer", "my.app.service") == ask.units


# -- this machine ------------------------------------------------------------------------------------------


def test_this_machine_answers_without_a_shell(tmp_path: Path) -> None:
    (tmp_path / "a b;c").write_text("four")
    (found, release, sockets), link = collected(
        {"local": True},
        FilesOf(target="host:test", folder=str(tmp_path)),
        ReleaseOf(target="host:test"),
        SocketsOf(target="host:test"),
    )
    assert [(str(tmp_path / "a b;c"), 4)] == [(one.path, one.size) for one in found]
    assert release.kernel.startswith("Linux ")
    assert isinstance(sockets, tuple)
    assert link.clock is not None
    assert {"RUN"} == {request.method for request in link.requests}


def test_a_folder_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="find"):
        collected({"local": True}, FilesOf(target="host:test", folder=str(tmp_path / "absent")))


def test_the_settings_of_the_kubelet_are_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("kind: KubeletConfiguration\ncontainerLogMaxFiles: 5\n")
    (found,), _ = collected({"local": True}, KubeletOf(target="host:test", file=str(file)))
    assert 5 == found.container_log_max_files


# -- settings and rights -----------------------------------------------------------------------------------

SSH = {"host": "h", "user": "u", "key": "k", "known_hosts": "x"}


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {**SSH, "local": True}, {**SSH, "user": None}, {**SSH, "key": None}, {**SSH, "password": {"env": "P"}},
        {**SSH, "known_hosts": None}, {**SSH, "identity": {"host-key-sha256": "aa:bb"}},
        {"local": True, "identity": {"host-key-sha256": "SHA256:" + "a" * 43}},
        {"local": True, "passphrase": {"env": "P"}, "host": "h"},
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HostSettings.model_validate(wrong, context="/")


def test_the_script_of_rights_lets_the_commands_through_and_no_other(tmp_path: Path) -> None:
    """Run as sshd runs a forced command."""
    target = target_of("host", **SSH)
    needs = (*FilesOf(target="host:test", folder=str(tmp_path)).needs, *RIGHTS.identity)
    (file,) = RIGHTS.files(needs, target, Account())
    script = tmp_path / file.name
    script.write_text(file.text)

    def status(command: str) -> int:
        env = {"SSH_ORIGINAL_COMMAND": command, "PATH": "/usr/bin:/bin"}
        return subprocess.run(["/bin/sh", str(script)], env=env, capture_output=True, check=False).returncode

    allowed = [f"env LC_ALL=C {need.on}" for need in needs]
    assert [0] * len(allowed) == [status(one) for one in allowed]
    assert [126, 126, 126] == [status("id"), status(f"{allowed[0]}; id"), status("")]


def test_sudoers_hold_whole_commands_where_sudo_is_declared() -> None:
    target = target_of("host", **SSH, sudo=True)
    _, sudoers = RIGHTS.files(FILE_SYSTEMS.needs, target, Account())
    assert (
        "u ALL=(root) NOPASSWD: /usr/bin/df -a -l -B1 --output\\=fstype\\,size\\,used\\,avail\\,itotal\\,iused\\,target\n"
        in sudoers.text
    )
    assert 2 == len(sudoers.text.splitlines())


def test_what_a_key_may_not_run_is_missing(tmp_path: Path) -> None:
    def program(command: str) -> tuple[int, bytes]:
        return (126, b"") if " df " in command else host(Said())(command)

    with serving(tmp_path, program) as (settings, _):
        target = target_of("host", **settings)
        collector = HostCollector(target)
        assert [FILE_SYSTEMS.needs[1]] == collector.lacks(FILE_SYSTEMS.needs, RecordingLink(target))
        collector.close()
