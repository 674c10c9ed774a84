"""What reading a backup to its end tells, by its form: dumps, gzip, OpenPGP, manifests."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opsproof.sources.files.remote.reader import Reader
from tests.testbed import stored

DUMP = stored.dump(300)


def told(content: bytes, piece: int = 1000) -> dict[str, Any]:
    reader = Reader()
    for start in range(0, len(content), piece):
        reader.feed(content[start : start + piece])
    found = reader.told()
    reader.close()
    return found


def form(content: bytes) -> tuple[object, ...]:
    found = told(content)
    return found["packing"], found["problem"], found["form"]


def test_a_whole_dump() -> None:
    found = told(stored.packed(DUMP))
    assert ("gzip", "", "sql") == (found["packing"], found["problem"], found["form"])
    assert (True, True, 0, 2) == tuple(found[name] for name in ("header", "trailer", "returns", "tables"))
    assert len(DUMP) == found["unpacked"]


@pytest.mark.parametrize("piece", [1, 7, 4096, 10**6])
def test_the_size_of_pieces_makes_no_difference(piece: int) -> None:
    content = stored.packed(DUMP.replace(b"\n", b"\r\n"))
    assert told(content, 100) == told(content, piece)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (stored.packed(DUMP)[:-1], "truncated"),
        (stored.packed(DUMP)[:20], "truncated"),
        (stored.packed(DUMP)[:-8] + b"\0" * 8, "damaged"),
        (stored.packed(DUMP) + b"<html>", "followed by something else"),
        (stored.packed(DUMP) + b"\0" * 512, ""),  # padded, as on tapes
        (stored.packed(DUMP) + stored.packed(b"-- more\n"), ""),  # gzip allows several
        (stored.packed(DUMP) + stored.packed(b"-- more\n")[:-3], "truncated"),
    ],
)
def test_gzip_is_read_to_the_end_of_its_last_member(content: bytes, problem: str) -> None:
    assert problem == told(content)["problem"]


def test_a_dump_that_ended_early_in_a_gzip_that_did_not() -> None:
    """`pg_dump | gzip` with half of pg_dump."""
    found = told(stored.packed(DUMP[: len(DUMP) // 2]))
    assert ("", "sql", False) == (found["problem"], found["form"], found["trailer"])


def test_the_trailer_in_the_middle_is_none() -> None:
    assert told(DUMP + b"x" * 2000)["trailer"] is False
    assert told(DUMP + b"\\unrestrict abc\n\n")["trailer"] is True  # newer pg_dump ends so


def cluster(
    *databases: bytes, end: bytes = b"--\n-- PostgreSQL database cluster dump complete\n--\n\n"
) -> bytes:
    """As pg_dumpall writes it: the dump of each database is one of its own."""
    return b"--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE shop;\n\n" + b"".join(databases) + end


@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_a_cluster_is_complete_when_all_of_it_is(line: bytes) -> None:
    """Where a database of it fails, it ends behind a database's own last line."""
    whole = cluster(DUMP, DUMP)
    broken = (cluster(DUMP, end=b""), cluster(DUMP[:-60], DUMP), DUMP[: len(DUMP) // 2] + b"\n" + DUMP)
    assert [True, True] == [
        told(one.replace(b"\n", line))["trailer"]
        for one in (whole, cluster() + DUMP)  # roles first, as many do
    ]
    assert [False] * 3 == [told(one.replace(b"\n", line), 700)["trailer"] for one in broken]


@pytest.mark.parametrize("before", [b"Defaulted container postgres\n", b"pg_dump: warning: x\n"])
def test_what_stands_before_the_header_is_seen(before: bytes) -> None:
    assert told(before + DUMP)["header"] is False


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("", "", "empty")),
        (b"\x1f", ("", "", "manifest")),
        (stored.packed(b""), ("gzip", "", "empty")),
        (b"\x28\xb5\x2f\xfd" + random.Random(7).randbytes(5000), ("", "", "other")),
        (b"age-encryption.org/v1\n-> X25519 abc\n", ("", "", "age")),
        (b"<!doctype html><title>Sign in</title>", ("", "", "manifest")),
    ],
    ids=["nothing", "half a mark", "nothing packed", "zstd", "age", "a page"],
)
def test_other_forms(content: bytes, expected: tuple[str, ...]) -> None:
    assert expected == form(content)


def test_manifests_tell_names_and_whether_secrets_can_be_read() -> None:
    found = told(stored.plaintext("shop"))
    assert {"ConfigMap": 1, "Secret": 1} == found["kinds"]
    assert ["ConfigMap/shop/configmap", "Secret/shop/secret"] == found["names"]
    assert 1 == found["secrets"]
    assert "c3dvcmRmaXNo" not in json.dumps(found)


def test_of_what_others_make_no_name_is_told() -> None:
    """A dump of a whole cluster has thousands of them, and nobody has to keep any."""
    found = told(stored.manifest("Deployment", "Pod", "ReplicaSet", "EndpointSlice", "Service"))
    assert ["Deployment/shop/deployment", "Service/shop/service"] == found["names"]
    assert 1 == found["kinds"]["Pod"]


@pytest.mark.parametrize(
    ("data", "secrets"),
    [
        ("data: {}", 0),
        ("data: null", 0),
        ("data: {password: ''}", 0),
        ("data: {password: x}", 1),
        ("stringData: {password: x}", 1),
        ("data: &a {b: c}", 1),
        ("type: Opaque", 0),
        ("data:\n    password: x", 1),
    ],
)
def test_a_secret_with_something_in_it_is_readable(data: str, secrets: int) -> None:
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\n{data}\n"
    assert secrets == told(text.encode())["secrets"]
    assert secrets == told(b"---\n" + text.encode() + b"---\napiVersion: v1\n")["secrets"]


def test_a_secret_before_the_place_where_a_manifest_breaks_off_counts() -> None:
    found = told(stored.plaintext() + b"- {a: [\n")
    assert (True, 1) == (found["damaged"], found["secrets"])
    broken = b"apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata: {a: b}\nx: [\n"
    assert 1 == told(broken)["secrets"]


@pytest.mark.parametrize(("kind", "secrets"), [("SecretList", 2), ("ConfigMapList", 0), ("List", 0)])
def test_a_list_of_an_api_tells_once_of_what_it_is(kind: str, secrets: int) -> None:
    """`kubectl get --raw`: the kind stands before or behind, and in no item."""
    one = {"metadata": {"name": "db"}, "data": {"password": "x"}}
    empty = {"metadata": {"name": "none"}, "data": {}}
    listed = {
        "items": [one, one, empty],
        "kind": kind,
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "1"},
    }
    for document in (listed, dict(reversed(listed.items()))):
        assert secrets == told(json.dumps(document).encode())["secrets"]


def test_json_is_read_as_well() -> None:
    text = {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "v"}}]}  # fmt: skip
    assert 1 == told(json.dumps(text).encode())["secrets"]


@pytest.mark.parametrize(
    "bomb", [b"[" * 100_000, b"{a: " * 50_000, b"a: &a [x]\n" + b"b: [*a, *a]\n" * 10_000]
)
def test_hostile_yaml_ends(bomb: bytes) -> None:
    assert "manifest" == told(bomb)["form"]


def test_an_encrypted_message_tells_to_whom() -> None:
    found = told(stored.encrypted())
    assert ("pgp", [stored.KEY], True) == (found["form"], found["recipients"], found["whole"])


@pytest.mark.parametrize("end", [1, 50, 2000])
def test_an_encrypted_message_that_is_cut_off_is_not_whole(end: int) -> None:
    assert told(stored.encrypted()[:-end])["whole"] is False


def test_a_session_key_without_a_message_is_not_whole() -> None:
    """What gpg leaves behind that found no recipient, or no disk."""
    assert told(stored.encrypted()[:50])["whole"] is False


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home = (
        Path("/dev/shm") / f"op-gpg-{os.getpid()}"
        if Path("/dev/shm").is_dir()
        else tmp_path_factory.mktemp("g")
    )
    home.mkdir(mode=0o700, exist_ok=True)
    gpg(home, "--passphrase", "", "--quick-gen-key", "escrow@example.com", "rsa2048", "default", "never")
    gpg(home, "--passphrase", "", "--quick-add-key", _fingerprint(home), "rsa2048", "encr", "never")
    yield home  # type: ignore[misc]
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)


def gpg(home: Path, *words: str, content: bytes = b"") -> bytes:
    command = ["gpg", "--homedir", str(home), "--batch", "--trust-model", "always", *words]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def _colons(home: Path) -> list[list[str]]:
    said = gpg(home, "--list-keys", "--with-subkey-fingerprint", "--with-colons")
    return [line.split(":") for line in said.decode().splitlines()]


def _fingerprint(home: Path) -> str:
    return next(line[9] for line in _colons(home) if line[0] == "fpr")


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--armor",), ("--compress-algo", "none"), ("--rfc4880",)])
def test_what_gpg_writes(keyring: Path, words: tuple[str, ...]) -> None:
    """The id is that of the subkey that encrypts, in packets of a known length and in parts, with armor and without."""
    subkey = next(line[4] for line in _colons(keyring) if line[0] == "sub")
    for size in (10, 100_000):
        message = gpg(keyring, "-r", "escrow@example.com", *words, "-e", content=os.urandom(size))
        found = told(message, 333)
        assert (["pgp", [subkey], True]) == [found["form"], found["recipients"], found["whole"]]
        assert told(message[: len(message) * 9 // 10])["whole"] is False


@pytest.mark.slow
def test_a_message_for_whoever_has_the_password(keyring: Path) -> None:
    message = gpg(keyring, "--pinentry-mode", "loopback", "--passphrase", "x", "-c", content=b"y" * 5000)
    found = told(message)
    assert ([], 1, True) == (found["recipients"], found["passwords"], found["whole"])


def test_a_bomb_is_unpacked_piece_by_piece() -> None:
    """64 MiB of blanks in 64 KiB: nothing of it is kept."""
    import tracemalloc

    packed = gzip.compress(b"\0" * 2**26)
    tracemalloc.start()
    found = told(packed, 4096)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 2**26 == found["unpacked"]
    assert peak < 8 * 2**20
