"""Environments: targets, `like`, declarations, and secrets that are references only."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest

from opsproof.environment.environment import Environment, missing_secrets
from opsproof.environment.kinds import settings_of
from opsproof.environment.references import SecretRef
from opsproof.model.failure import NotConfigured
from opsproof.model.level import HIGH
from opsproof.model.target import Budget, Target
from tests.environment.files import PRODUCTION, SYSTEM, lines, load


def environment(folder: Path, content: str) -> Environment:
    loaded = load(folder, production=content)
    assert lines(loaded) == []
    return loaded.environments()["shop/production"]


def target(folder: Path, role: str, settings: str) -> Target:
    return environment(folder, f"environment: production\ntargets:\n  {role}: {settings}\n").targets[role]


def problem(folder: Path, role: str, settings: str) -> str:
    text = f"environment: production\ntargets:\n  {role}: {settings}\n"
    (found,) = lines(load(folder, production=text))
    return found.removeprefix("environments/production.yaml:")


def test_an_environment_keeps_what_its_file_says(tmp_path: Path) -> None:
    made = environment(
        tmp_path,
        PRODUCTION
        + """
gate: high
recording: ../../runs/demo
not_applicable:
  - {requirement: SH-002, reason: no backups here, declared_by: ann, until: 2026-03-01T00:00:00Z}
quiet_hours:
  - {days: [sat, sun], from: "22:00", until: "06:30", zone: Europe/Berlin, reason: closed}
""",
    )
    assert (made.id, made.gate) == ("shop/production", HIGH)
    assert made.recording is not None
    assert made.recording.resolve() == tmp_path / "checks/systems/runs/demo"
    assert made.not_applicable[0].requirement == "SH-002"
    assert (made.quiet_hours[0].days, made.quiet_hours[0].begins) == ((5, 6), time(22))
    assert made.names.value("api_url") == "https://shop.example.com"


STAGING = """
environment: staging
like: production
targets:
  redis-broker: {kind: redis, host: broker}
names: {api_url: "https://staging.example.com"}
"""


def test_like_takes_over_targets_names_and_metrics(tmp_path: Path) -> None:
    loaded = load(tmp_path, staging=STAGING, canary="environment: canary\nlike: staging\n")
    assert lines(loaded) == []
    canary, production = loaded.environments()["shop/canary"], loaded.environments()["shop/production"]
    assert list(canary.targets) == ["prometheus", "redis-broker"]
    assert canary.targets["prometheus"].id == production.targets["prometheus"].id
    assert canary.names.value("api_url") == "https://staging.example.com"
    assert canary.where("names", "api_url").file.name == "staging.yaml"
    assert canary.where("targets", "prometheus", "token").file.name == "production.yaml"
    assert canary.where("metrics", "http_requests").file.name == "system.yaml"


def test_a_target_is_replaced_whole(tmp_path: Path) -> None:
    staging = (
        'environment: staging\nlike: production\ntargets: {prometheus: {url: "http://127.0.0.1:9090"}}\n'
    )
    made = load(tmp_path, staging=staging).environments()["shop/staging"]
    assert made.targets["prometheus"].settings.token is None


def test_like_in_a_circle_is_refused_once_for_each(tmp_path: Path) -> None:
    found = lines(
        load(
            tmp_path,
            a="environment: a\nlike: b\n",
            b="environment: b\nlike: a\n",
            c="environment: c\nlike: a\n",
        )
    )
    assert found == [
        "environments/a.yaml:2:7: like goes in a circle: a -> b -> a",
        "environments/b.yaml:2:7: like goes in a circle: b -> a -> b",
    ]


def test_like_nothing_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    (found,) = lines(load(tmp_path, staging="environment: staging\nlike: prodution\n"))
    assert found.startswith(
        "environments/staging.yaml:2:7: unknown environment 'prodution'; did you mean 'production'?"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("environment: prod\n", "1:14: environment 'prod' in a file called 'production.yaml'"),
        (
            "environment: production\nnames: {api_ulr: x}\n",
            "2:9: unknown name 'api_ulr'; did you mean 'api_url'?",
        ),
        (
            "environment: production\nmetrics: {http_request: x}\n",
            "2:11: unknown metric 'http_request'; did you mean",
        ),
        (
            'environment: production\nnames: {api_url: "${namespace}"}\n',
            "2:18: unknown name 'namespace'; did you mean",
        ),
        ("environment: production\ngate: hgih\n", "2:7: gate: unknown level 'hgih'; did you mean 'high'?"),
        ("environment: production\ntarget: {}\n", "2:1: unknown key 'target'; did you mean 'targets'?"),
        (
            "environment: production\ntargets: [a]\n",
            "2:10: targets: needs a mapping of keys to values, found a list",
        ),
        (
            "environment: production\n"
            "quiet_hours: [{days: [sunday], from: '00:00', until: '06:00', zone: UTC, reason: x}]\n",
            "2:23: quiet_hours.0.days.0: unknown day 'sunday'; did you mean 'sun'?",
        ),
        (
            "environment: production\nnot_applicable:\n"
            "- {requirement: SH-02, reason: x, declared_by: y, until: 2026-01-01T00:00:00Z}\n",
            "3:17: unknown requirement 'SH-02'; did you mean 'SH-002'?",
        ),
    ],
)
def test_a_wrong_environment_is_named(tmp_path: Path, content: str, expected: str) -> None:
    found = lines(load(tmp_path, production=content))
    assert any(one.startswith(f"environments/production.yaml:{expected}") for one in found), found


@pytest.mark.parametrize(
    ("role", "settings", "expected"),
    [
        ("prometheus", "{url: https://p.example.com/}", "prometheus:https://p.example.com"),
        ("alertmanager", "{url: 'http://127.0.0.1:9093'}", "alertmanager:http://127.0.0.1:9093"),
        ("postgres", "{host: db, database: shop, user: opsproof}", r"postgres:db:5432/shop#"),
        ("redis", "{host: '::1', database: 2}", "redis:[::1]:6379/2"),
        ("redis-broker", "{kind: redis, host: broker, port: 6380}", "redis:broker:6380"),
        ("kubernetes", "{kubeconfig: /etc/kc, context: eu}", "kubernetes:eu#"),
        ("kubernetes", "{in_cluster: true}", "kubernetes:in-cluster#"),
        ("http", "{}", "http:direct"),
    ],
)
def test_an_id_names_the_server(tmp_path: Path, role: str, settings: str, expected: str) -> None:
    made = target(tmp_path, role, settings)
    assert made.id == expected or (expected.endswith("#") and made.id.startswith(expected)), made.id


def test_the_same_declaration_is_the_same_target_everywhere(tmp_path: Path) -> None:
    settings = "{url: https://p.example.com, ca: ca.pem, token: {file: '${env:HOME}/token'}}"
    here, there = (
        target(tmp_path / "a", "prometheus", settings),
        target(tmp_path / "b" / "c", "prometheus", settings),
    )
    assert here.id == there.id
    assert here.settings.ca != there.settings.ca
    other = target(tmp_path / "a", "prometheus", settings.replace("ca.pem", "other.pem"))
    assert other.id != here.id


def test_budget_and_identity_do_not_make_another_target(tmp_path: Path) -> None:
    plain = target(tmp_path, "prometheus", "{url: https://p.example.com, kind: prometheus, token: null}")
    more = "{url: https://p.example.com, identity: {label.cluster: eu}, "
    more += "budget: {in_flight: 2, deadline: 1m, max_bytes: 1Mi}}"
    made = target(tmp_path, "prometheus", more)
    assert made.id == plain.id
    assert made.budget == Budget(in_flight=2, rate=20.0, deadline=60.0, max_bytes=2**20)
    assert made.identity == {"label.cluster": "eu"}


def test_an_identity_may_be_of_any_name_where_the_kind_says_so(tmp_path: Path) -> None:
    """And there alone: a pgbouncer tells of its databases, and has no labels."""
    made = target(tmp_path, "pgbouncer", "{host: h, user: u, identity: {database.shop: db:5432/shop}}")
    assert made.identity == {"database.shop": "db:5432/shop"}
    for kind, name in (("pgbouncer", "label.shop"), ("pgbouncer", "database"), ("postgres", "database.shop")):
        said = problem(tmp_path, kind, f"{{host: h, user: u, database: pgbouncer, identity: {{{name}: x}}}}")
        assert f"unknown identity '{name}'" in said


@pytest.mark.parametrize(
    ("host", "mode"),
    [("127.0.0.1", "prefer"), ("localhost", "prefer"), ("::1", "prefer"), ("db.example.com", "verify-full")],
)
def test_postgres_verifies_tls_off_loopback(tmp_path: Path, host: str, mode: str) -> None:
    assert target(tmp_path, "postgres", f"{{host: '{host}', database: a, user: b}}").settings.sslmode == mode


def test_a_system_identifier_may_be_a_number(tmp_path: Path) -> None:
    made = target(
        tmp_path,
        "postgres",
        "{host: h, database: a, user: b, identity: {system-identifier: 7321654987012345678}}",
    )
    assert made.identity == {"system-identifier": "7321654987012345678"}


@pytest.mark.parametrize(
    ("role", "settings", "expected"),
    [
        (
            "cache",
            "{host: h}",
            "3:3: cache needs a kind; allowed: alertmanager, aws, drill, files, host, http, kubernetes, pgbouncer, "
            "postgres, prometheus, redis, s3, script, sentinel",
        ),
        ("cache", "{kind: rediss, host: h}", "3:17: unknown kind of target 'rediss'; did you mean 'redis'?"),
        ("redis", "5", "3:10: targets.redis: needs a mapping of keys to values, found the number 5"),
        ("redis", "{}", "3:10: targets.redis: key 'host' is missing"),
        ("redis", "{hots: h, host: h}", "3:11: targets.redis: unknown key 'hots'; did you mean 'host'?"),
        ("redis", "{host: h, port: '6379'}", "3:26: targets.redis: port: needs a whole number, found text"),
        (
            "redis",
            "{host: h, port: 0}",
            "3:26: targets.redis: port: not a port; write a number from 1 to 65535",
        ),
        ("redis", "{host: h, tls: 1}", "3:25: targets.redis: tls: needs true or false, found the number 1"),
        (
            "redis",
            "{host: h, budget: {deadline: 30}}",
            "3:39: targets.redis: budget.deadline: 30 has no unit",
        ),
        (
            "redis",
            "{host: h, identity: {system-identifier: x}}",
            "3:31: unknown identity 'system-identifier'; allowed:",
        ),
        (
            "alertmanager",
            "{url: http://a, identity: {certificate-sha256: ab}}",
            "3:17: targets.alertmanager: identity certificate-sha256 needs an https url",
        ),
        (
            "http",
            "{connect_to: {'a:443': 'b:443', 'c:443': 'b:443'}, identity: {certificate-sha256: ab}}",
            "3:9: targets.http: identity certificate-sha256 needs connect_to with exactly one host",
        ),
        (
            "postgres",
            "{host: h, database: a, user: b, sslmode: disable, identity: {certificate-sha256: ab}}",
            "3:13: targets.postgres: identity certificate-sha256 needs an sslmode with TLS",
        ),
        (
            "redis",
            "{host: h, identity: {certificate-sha256: ab}}",
            "3:10: targets.redis: identity certificate-sha256 needs tls: true",
        ),
        (
            "prometheus",
            "{url: http://p, token: {env: T}}",
            "3:15: targets.prometheus: credentials would go over plain http; use https, or say plain_http: true",
        ),
        (
            "alertmanager",
            "{url: http://10.0.0.1, username: u, password: {env: P}}",
            "3:17: targets.alertmanager: credentials would go over plain http",
        ),
        (
            "prometheus",
            "{url: http://p, headers: {X-Token: {env: T}}}",
            "3:15: targets.prometheus: credentials would go over plain http",
        ),
        (
            "kubernetes",
            "{server: http://p, token: {env: T}}",
            "3:15: targets.kubernetes: credentials would go over plain http",
        ),
        ("prometheus", "{url: ftp://p}", "3:21: targets.prometheus: url: not a URL of a server"),
        ("prometheus", "{url: 'http://p:99999'}", "3:21: targets.prometheus: url: not a URL"),
        (
            "prometheus",
            "{url: http://p, key: k}",
            "3:15: targets.prometheus: certificate and key belong together",
        ),
        ("kubernetes", "{context: eu}", "3:15: targets.kubernetes: needs exactly one of kubeconfig,"),
        (
            "http",
            "{connect_to: {example.com: 'localhost:1'}}",
            "3:23: targets.http: connect_to.example.com: 'example.com' is",
        ),
        (
            "postgres",
            "{host: h, database: a, user: b, sslmode: verify}",
            "3:13: targets.postgres: unknown sslmode 'verify';",
        ),
    ],
)
def test_a_wrong_target_is_named(tmp_path: Path, role: str, settings: str, expected: str) -> None:
    assert problem(tmp_path, role, settings).startswith(expected), problem(tmp_path, role, settings)


@pytest.mark.parametrize(
    "settings",
    [
        "{url: 'https://p', token: hunter2}",
        "{url: 'https://ann:hunter2@p'}",
        "{url: 'https://p', headers: {X-Key: hunter2}}",
        "{url: 'https://p', username: a, password: {value: hunter2}}",
        "{url: 'https://p', password: [hunter2], username: a}",
        "{url: 'https://p', token: {env: hunter-2, file: hunter2}}",
        "{url: 'https://p?token=hunter2'}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path, settings: str) -> None:
    found = problem(tmp_path, "prometheus", settings)
    assert "hunter" not in found
    assert found.startswith("3:")


def test_a_secret_is_read_where_it_is_referred_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_FOLDER", str(tmp_path))
    monkeypatch.setenv("SHOP_TOKEN", "abc")
    (tmp_path / "secret").write_text("s3cret\n")
    assert SecretRef(env="SHOP_TOKEN").read() == "abc"
    assert SecretRef(file="${env:SHOP_FOLDER}/secret").read() == "s3cret"
    assert SecretRef(file="secret", folder=tmp_path).path == tmp_path / "secret"
    assert "s3cret" not in repr(SecretRef(file="secret", folder=tmp_path))


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        (SecretRef(env="SHOP_NONE"), "environment variable SHOP_NONE is not set"),
        (SecretRef(file="${env:SHOP_NONE}/x"), "environment variable SHOP_NONE is not set"),
        (SecretRef(file="/nowhere/x"), "file /nowhere/x is not there"),
    ],
)
def test_a_missing_secret_names_its_reference(reference: SecretRef, why: str) -> None:
    with pytest.raises(NotConfigured, match=why):
        reference.read()


def test_missing_secrets_are_listed_with_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    text = PRODUCTION.replace("token:", "ca: ca.pem, headers: {X-Org: {file: org}}, token:")
    made = environment(tmp_path, text)
    found = [str(one).split("/environments/", 1)[-1] for one in missing_secrets(made, "prometheus")]
    folder = made.file.parent
    assert found == [
        "production.yaml:3:105: targets.prometheus.token: environment variable SHOP_TOKEN is not set",
        "production.yaml:3:84: targets.prometheus.headers.X-Org: file org is not there",
        f"production.yaml:3:59: targets.prometheus.ca: file {folder}/ca.pem is not there",
    ]
    monkeypatch.setenv("SHOP_TOKEN", "x")
    for name in ("ca.pem", "org"):
        (folder / name).write_text("x")
    assert missing_secrets(made, "prometheus") == []


def test_an_environment_without_targets_is_no_mistake(tmp_path: Path) -> None:
    assert environment(tmp_path, "environment: production\ntargets:\nnames:\n").targets == {}


def test_a_damaged_system_file_does_not_hide_what_is_wrong_elsewhere(tmp_path: Path) -> None:
    found = lines(
        load(tmp_path, system=SYSTEM.replace("title: The shop", "title: [x]"), production="environment: 1\n")
    )
    assert [one.split(";")[0] for one in found] == [
        "environments/production.yaml:1:14: environment: needs text, found the number 1",
        "system.yaml:2:8: title: needs text, found a list",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://127.0.0.1:9090", "token": {"env": "T"}},
        {"url": "http://localhost:9090", "username": "u", "password": {"env": "P"}},
        {"url": "http://[::1]:9090", "token": {"env": "T"}},
        {"url": "https://p", "token": {"env": "T"}},
        {"url": "http://p"},
        {"url": "http://p", "token": {"env": "T"}, "plain_http": True},
    ],
)
def test_credentials_go_over_http_to_this_machine_or_where_it_is_declared(settings: dict[str, Any]) -> None:
    assert settings_of("prometheus").model_validate(settings, context="/").url == settings["url"]
