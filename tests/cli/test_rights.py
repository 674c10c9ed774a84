"""`opsproof rights`: the least rights of exactly the selected checks, and which of them are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from opsproof.cli import main, rights_command
from opsproof.cli.files import planned
from opsproof.cli.rights import Checked, Wanted, checked, wanted
from opsproof.cli.selection import selected
from opsproof.model.rights import Account, Need, Rights
from opsproof.model.target import Target
from opsproof.plan.planned import Planned
from opsproof.sources.drill.rights import RIGHTS as DRILL
from opsproof.sources.drill.rights import velero_needs
from opsproof.sources.kubernetes.asks import RESOURCES, ListOf, ObjectNamed, ReadinessOf, VersionOf
from opsproof.sources.kubernetes.rights import RIGHTS as KUBERNETES
from opsproof.sources.postgres.rights import RIGHTS as POSTGRES
from opsproof.sources.redis.rights import RIGHTS as REDIS
from opsproof.testing import faulty
from opsproof.testing.links import target_of

ROOT = Path(__file__).parents[2]
ENVIRONMENT = "repo-scanner/testbed"


@pytest.fixture(scope="module")
def plan() -> Planned:
    return planned(ROOT / "checks", (ENVIRONMENT,), secrets=False)


def needs_of(plan: Planned, expression: str, kind: str) -> tuple[Need, ...]:
    found = {one.target.kind: one.needs for one in wanted(selected(plan, expression), plan.targets)}
    return found.get(kind, ())


def documents(needs: tuple[Need, ...], account: Account | None = None) -> list[Any]:
    (file,) = KUBERNETES.files(needs, target_of("kubernetes", in_cluster=True), account or Account())
    return list(yaml.safe_load_all(file.text))


# -- what is printed -------------------------------------------------------------------------------------


def test_exactly_what_is_asked_is_granted(plan: Planned) -> None:
    """Every ask's need of a selection is in its roles, and nothing else but who the cluster is."""
    needs = needs_of(plan, "daily", "kubernetes")
    asked = {
        need
        for item in selected(plan, "daily")
        for ask in item.all_asks
        if ask.target.startswith("kubernetes:")
        for need in ask.needs
    }
    assert asked
    assert set(needs) - asked <= set(KUBERNETES.identity)
    assert granted(documents(needs)) == {(one.verb, one.on, one.scope, one.name) for one in needs}


def granted(manifest: list[Any]) -> set[tuple[str, str, str, str]]:
    """What the roles of a manifest allow, as (verb, resource, namespace, name)."""
    found = set()
    for role in (one for one in manifest if one["kind"] in {"Role", "ClusterRole"}):
        scope = role["metadata"].get("namespace", "")
        for rule in role["rules"]:
            for verb in rule["verbs"]:
                found |= {(verb, url, "", "") for url in rule.get("nonResourceURLs", ())}
                for plural in rule.get("resources", ()):
                    (group,) = rule["apiGroups"]
                    on = f"{plural}.{group}" if group else plural
                    found |= {(verb, on, scope, name) for name in rule.get("resourceNames", [""])}
    return found


def test_a_narrower_selection_needs_less(plan: Planned) -> None:
    """`-m` decides, as with pytest: what nobody selects is not granted."""
    every, critical = needs_of(plan, "", "kubernetes"), needs_of(plan, "daily and critical", "kubernetes")
    assert set(critical) < set(every)
    assert needs_of(plan, "no_such_marker", "kubernetes") == ()


def test_it_may_read_and_nothing_else(plan: Planned) -> None:
    """No wildcard, no Secret, no ConfigMap but a named one, no verb that changes something."""
    for verb, on, _, name in granted(documents(needs_of(plan, "", "kubernetes"))):
        assert verb in {"get", "list"}
        assert on.partition(".")[0] not in {"secrets", "*"}
        assert on != "configmaps" or (verb, bool(name)) == ("get", True)


def test_each_role_is_bound_to_a_service_account_that_the_manifest_makes() -> None:
    """No edit is needed: namespace and name are options."""
    account = Account(name="auditor", namespace="audit")
    made = documents((Need("list", "pods", "shop"), Need("get", "/version")), account)
    assert [(one["kind"], one["metadata"].get("namespace", "")) for one in made] == [
        ("Namespace", ""),
        ("ServiceAccount", "audit"),
        ("ClusterRole", ""),
        ("ClusterRoleBinding", ""),
        ("Role", "shop"),
        ("RoleBinding", "shop"),
    ]
    for binding in (one for one in made if one["kind"].endswith("Binding")):
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "auditor", "namespace": "audit"}]
        assert binding["roleRef"]["name"] == "auditor"


def test_a_user_takes_the_place_of_the_service_account() -> None:
    made = documents((Need("list", "pods", "shop"),), Account(user="jane"))
    assert [one["kind"] for one in made] == ["Role", "RoleBinding"]
    assert made[1]["subjects"][0] | {"apiGroup": ""} == {"kind": "User", "apiGroup": "", "name": "jane"}


def test_the_grants_of_a_database_are_those_that_are_needed() -> None:
    target = target_of("postgres", host="db", database='od"d', user="ops")
    (less,) = POSTGRES.files((Need("CONNECT"),), target, Account())
    assert 'GRANT CONNECT ON DATABASE "od""d" TO "ops";' in less.text
    assert "pg_read_all_stats" not in less.text
    (more,) = POSTGRES.files((Need("CONNECT"), Need("USAGE", "pg_read_all_stats")), target, Account())
    assert 'GRANT pg_read_all_stats TO "ops";' in more.text


def test_the_acl_of_a_cache_names_commands_and_keys_that_are_needed() -> None:
    target = target_of("redis", host="cache", username="ops")
    (less,) = REDIS.files((Need("INFO"),), target, Account())
    assert less.text.strip() == "user ops on >REPLACE-WITH-THE-PASSWORD resetkeys resetchannels -@all +info"
    (more,) = REDIS.files((Need("INFO"), Need("EXISTS", name="opsproof:probe")), target, Account())
    assert more.text.strip().endswith("-@all %R~opsproof:* +exists +info")


def test_every_kubernetes_ask_says_what_it_needs() -> None:
    asks = [ListOf(target="k", resource=name, namespace="shop") for name in RESOURCES]
    asks += [ObjectNamed(target="k", resource="namespaces", name="shop")]
    assert all(ask.needs for ask in [*asks, ReadinessOf(target="k"), VersionOf(target="k")])
    assert asks[-1].needs == (Need("get", "namespaces", "shop", "shop"),)


def test_the_command_prints_what_can_be_applied(tmp_path: Path) -> None:
    """On the terminal for one target, and as files in a folder; no secret is looked for."""
    words = ["rights", "--checks", str(ROOT / "checks"), "--env", ENVIRONMENT, "-m", "critical"]
    shown = CliRunner().invoke(main, [*words, "--target", "kubernetes", "--out", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    kinds = [one["kind"] for one in yaml.safe_load_all((tmp_path / "kubernetes.yaml").read_text())]
    assert kinds[:2] == ["Namespace", "ServiceAccount"]
    wrong = CliRunner().invoke(main, [*words[:-1], "critical and ("])
    assert (wrong.exit_code, "-m 'critical and ('" in wrong.output) == (2, True)


SECRETS = Need("list", "secrets", "shop")


@pytest.mark.parametrize(
    ("rights", "need", "ordinary"),
    [
        (KUBERNETES, SECRETS, Need("list", "pods", "shop")),
        (KUBERNETES, Need("list", "configmaps", "shop"), Need("get", "configmaps", "shop", "pool")),
        (REDIS, Need("CONFIG GET", on="save"), Need("INFO")),
    ],
)
def test_a_right_that_gives_more_than_is_read_is_sensitive(
    rights: Rights, need: Need, ordinary: Need
) -> None:
    assert (True, "") == ("whoever has it" in rights.sensitive(need), rights.sensitive(ordinary))


def test_a_sensitive_right_is_marked_in_the_file_that_gives_it() -> None:
    """With what it gives; and no head says then that no Secret can be read."""
    made = Wanted(target_of("kubernetes", in_cluster=True, allow=["secret-names"]), KUBERNETES, (SECRETS,))
    (file,) = made.written(Account())
    assert file.text.startswith("# SENSITIVE list secrets in shop: RBAC gives names with contents alone")
    assert "no Secrets" not in file.text
    assert ("list", "secrets", "shop", "") in granted(list(yaml.safe_load_all(file.text)))


def test_a_line_of_an_acl_file_stands_alone() -> None:
    """Redis skips no comments in it: the terminal has the mark."""
    need = Need("CONFIG GET", on="save")
    one = Wanted(target_of("redis", host="cache", allow=["configuration"]), REDIS, (need,))
    (file,) = one.written(Account())
    assert file.text.startswith("user ")
    with CliRunner().isolation() as (out, *_):
        rights_command._print(one, Account(), None)
        assert b"# SENSITIVE redis:test: CONFIG GET save: whoever has it" in out.getvalue()


def test_what_is_checked_is_marked_too() -> None:
    one = Wanted(target_of("kubernetes", in_cluster=True, allow=["secret-names"]), KUBERNETES, (SECRETS,))
    lines = rights_command._lines(Checked(one, (), "", ()))
    assert lines[0].startswith("kubernetes:test: SENSITIVE: list secrets in shop: RBAC")


def test_a_drill_writes_as_a_role_of_its_own(tmp_path: Path) -> None:
    """That nobody can ask for what it may do is said."""
    one = Wanted(target_of("drill", **drill(tmp_path)), DRILL, ())
    (file,) = one.written(Account())
    for line in (
        "ALTER ROLE \"drill\" LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION PASSWORD :'password';",
        'GRANT "shop" TO "drill";',
        'GRANT EXECUTE ON FUNCTION pg_control_system() TO "drill";',
    ):
        assert line in file.text.splitlines()
    assert ["drill:test: not asked: only its use shows what is missing"] == rights_command._lines(
        checked(one)
    )


def drill(folder: Path) -> dict[str, Any]:
    into = {"host": "scratch", "database": "postgres", "user": "drill"}
    dumps = {"folder": str(folder), "pattern": "shop-%Y%m%d.sql.gz"}
    return {"records": str(folder), "dumps": dumps, "into": into, "newest": "SELECT now()", "owner": "shop"}


def test_a_drill_of_veleros_makes_namespaces_and_restores_and_nothing_else(tmp_path: Path) -> None:
    velero = {"cluster": {"in_cluster": True}, "namespace": "shop", "velero_in": "backups"}
    one = Wanted(target_of("drill", records=str(tmp_path), velero=velero), DRILL, ())
    (file,) = one.written(Account(user="jane"))
    assert {
        (one.verb, one.on, one.scope, one.name) for one in velero_needs(one.target.settings.velero)
    } == granted(list(yaml.safe_load_all(file.text)))
    assert {"create", "delete"} == {
        verb for verb, on, *_ in granted(list(yaml.safe_load_all(file.text))) if verb not in {"get", "list"}
        and on in {"namespaces", "restores.velero.io"}
    }  # fmt: skip


# -- what is missing -------------------------------------------------------------------------------------


def reviewing(*allowed: Need) -> faulty.Behaviour:
    """An API server that allows these and no other."""
    known = {(one.verb, one.on, one.scope, one.name) for one in allowed}

    def behave(connection: Any) -> None:
        while True:
            head, body = posted(connection)
            if not head:
                return
            assert head.startswith(b"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews ")
            spec = json.loads(body)["spec"]
            asked = spec.get("resourceAttributes") or {**spec["nonResourceAttributes"], "resource": ""}
            group, on = asked.get("group", ""), asked["resource"] or asked["path"]
            name = f"{on}.{group}" if group else on
            may = (asked["verb"], name, asked.get("namespace", ""), asked.get("name", "")) in known
            review = {"kind": "SelfSubjectAccessReview", "status": {"allowed": may}}
            connection.sendall(faulty.http(json.dumps(review).encode(), status="201 Created"))

    return behave


def posted(connection: Any) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b"", b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    (length,) = [
        int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    ]
    while len(body) < length:
        body += connection.recv(65536)
    return head, body


PODS, NODES, READY = (
    Need("list", "pods", "shop"),
    Need("list", "nodes.metrics.k8s.io"),
    Need("get", "/readyz"),
)


def cluster(port: int, tmp_path: Path) -> Target:
    token = tmp_path / "token"
    token.write_text("a-token-of-the-test")
    return target_of("kubernetes", server=f"http://127.0.0.1:{port}", token={"file": str(token)})


def test_the_api_server_says_what_is_missing(tmp_path: Path) -> None:
    """By a review of our own access for each need; each is recorded as the POST that it is."""
    with faulty.serving(reviewing(PODS, READY)) as port:
        found = checked(Wanted(cluster(port, tmp_path), KUBERNETES, (PODS, NODES, READY)))
    assert (found.missing, found.failure, found.good) == ((NODES,), "", False)
    assert {one.method for one in found.requests} == {"POST"}
    assert len(found.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [b"{}", b'{"kind":"Status","status":"Failure"}', b"<html>", b'{"kind":"x","status":{"allowed":true}}'],
)
def test_an_answer_that_is_none_is_no_permission(answer: bytes, tmp_path: Path) -> None:
    with faulty.serving(faulty.answering(faulty.http(answer))) as port:
        found = checked(Wanted(cluster(port, tmp_path), KUBERNETES, (PODS,)))
    assert (found.good, found.failure) == (False, "the access review is answered by something else")


@pytest.fixture
def refusing() -> Iterator[Target]:
    """A Prometheus behind a proxy that lets only queries through."""

    def behave(connection: Any) -> None:
        while data := connection.recv(65536):
            asked = data.split(b" ")[1].startswith(b"/api/v1/query")
            connection.sendall(faulty.http(b"{}", status="400 Bad" if asked else "403 Forbidden"))

    with faulty.serving(behave) as port:
        yield target_of("prometheus", url=f"http://127.0.0.1:{port}")


def test_a_path_that_a_proxy_refuses_is_missing(refusing: Target) -> None:
    needs = (Need("GET", "/api/v1/query"), Need("GET", "/api/v1/rules"))
    assert checked(Wanted(refusing, None, needs)).missing == (needs[1],)


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    """Not being able to tell is not nothing missing."""
    found = checked(Wanted(cluster(faulty.unused_port(), tmp_path), KUBERNETES, (PODS,)))
    assert (found.good, found.failure, found.missing) == (False, "connection refused", ())


def test_a_kind_without_rights_needs_none() -> None:
    one = Wanted(target_of("http"), None, ())
    assert (list(one.written(Account())), checked(one).good) == ([], True)


def test_an_argument_tells_what_its_later_asks_will_need(plan: Planned) -> None:
    """Asks that follow from answers are not known yet; their needs are."""
    from msgspec.structs import replace

    class Following:
        def asks(self, context: Any) -> tuple[Any, ...]:
            return ()

        def needs(self, context: Any) -> Iterator[tuple[str, tuple[Need, ...]]]:
            yield context.target("kubernetes").id, (Need("get", "pods/log", "shop"),)

    item = next(item for item in plan.items if item.asks and "kubernetes" in item.all_asks[0].target)
    check = replace(item.check)
    check.__dict__["sources"] = {"logs": Following()}
    (found,) = wanted([replace(item, check=check, asks={})], plan.targets)
    assert Need("get", "pods/log", "shop") in found.needs


def test_a_drill_of_dumps_in_a_bucket_reads_that_bucket_and_writes_into_its_server() -> None:
    """The records, which rows read, are a folder of this machine."""
    plan = planned(ROOT / "checks", ("enterprise-platform/testbed",), secrets=False)
    server, bucket = wanted([item for item in plan.items if item.requirement == "EP-111"], plan.targets)
    (roles,), (policy,) = server.written(Account()), bucket.written(Account())
    assert "CREATEDB" in roles.text
    assert bucket.target.kind == "s3"
    assert [need.verb for need in bucket.needs] == ["s3:GetObject", "s3:ListBucket"]
    assert "arn:aws:s3:::enterprise-platform-backups/*" in policy.text
    assert roles.name != policy.name


def test_a_drill_of_dumps_in_a_folder_asks_for_its_server_alone() -> None:
    plan = planned(ROOT / "checks", (ENVIRONMENT,), secrets=False)
    (server,) = wanted([item for item in plan.items if item.requirement == "RS-092"], plan.targets)
    assert (server.target.kind, server.needs) == ("drill", ())
    assert "CREATEDB" in next(iter(server.written(Account()))).text


def test_sources_bring_their_rights() -> None:
    """Each of our sources that has a collector of its own and needs rights brings a `Rights`."""
    from opsproof.environment.kinds import kinds
    from opsproof.model.source import load

    given = {name: load(kind.rights) for name, kind in kinds().items() if kind.rights}
    assert {
        "kubernetes", "prometheus", "alertmanager", "postgres", "redis", "sentinel", "s3", "aws", "files", "host", "drill",
    } <= given.keys()  # fmt: skip
    assert all(isinstance(one, Rights) for one in given.values())
    assert {name for name, one in given.items() if not one.identity} == {"drill"}  # a folder of this machine
