"""Names, hosts and ports are what they are called: a path or a query in one of them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsproof.environment.wellknown import is_namespace
from tests.environment.files import SYSTEM, lines, load

CLUSTER = "environment: production\ntargets:\n  kubernetes: {in_cluster: true}\n"


@pytest.mark.parametrize(
    "name",
    ["kube-system/secrets?a=", "x/services/db/proxy/drop-all?b=", "..", "a/../b", "Shop", "a_b", "-a", "a-", "a.b",
     "a" * 64, " ", "a\\nb", "shop%2Fx", "*"],
)  # fmt: skip
def test_what_is_no_namespace_is_refused(tmp_path: Path, name: str) -> None:
    """In whatever file it is declared, before any path is made of it."""
    found = lines(load(tmp_path, production=CLUSTER + f'names: {{namespaces: [shop, "{name}"]}}\n'))
    assert [one.split(": ", 1)[0] for one in found] == ["environments/production.yaml:4:21"]
    assert "is no namespace; write up to 63 lower-case letters, digits and -, as in shop-jobs" in found[0]
    system = SYSTEM.replace("[shop, shop-jobs]", f'["{name}"]')
    assert [one.split(":")[0] for one in lines(load(tmp_path, system=system, production=CLUSTER))] == [
        "system.yaml"
    ]


@pytest.mark.parametrize("name", ["shop", "shop-jobs", "0", "a" * 63, "kube-system"])
def test_a_namespace_is_one(name: str) -> None:
    assert is_namespace(name)


def test_without_a_cluster_a_name_may_be_anything(tmp_path: Path) -> None:
    production = 'environment: production\nnames: {namespaces: ["The Shop"]}\n'
    assert lines(load(tmp_path, production=production)) == []


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (
            "redis: {host: 'cache.example.com/x'}",
            "'cache.example.com/x' is not a host; write it like db.example.com",
        ),
        ("redis: {host: 'cache:6379'}", "'cache:6379' is not a host; write it like db.example.com"),
        ("redis: {host: 'a b'}", "'a b' is not a host"),
        ("redis: {host: cache, port: 65536}", "not a port; write a number from 1 to 65535"),
        ("postgres: {host: 'db?x=1', database: d, user: u}", "'db?x=1' is not a host"),
        ("prometheus: {url: 'https://prom_etheus%2f.example.com'}", "not a URL of a server"),
        ("prometheus: {url: 'https://a..b'}", "not a URL of a server"),
        ("http: {connect_to: {'shop.example.com/x:443': '10.0.0.7:443'}}", "is not host:port"),
        ("http: {connect_to: {'shop.example.com:443': '10.0.0.7:443?'}}", "is not host:port"),
        ("http: {connect_to: {'shop.example.com:443': 'a?b#c:443'}}", "is not host:port"),
        ("kubernetes: {kubeconfig: /etc/kc, context: ' '}", "must not be empty"),
    ],
)
def test_what_is_no_host_port_or_context_is_refused(tmp_path: Path, target: str, problem: str) -> None:
    (found,) = lines(load(tmp_path, production=f"environment: production\ntargets:\n  {target}\n"))
    assert problem in found


@pytest.mark.parametrize(
    "target",
    [
        "redis: {host: 'cache_1.internal.'}",
        "redis: {host: '::1'}",
        "postgres: {host: /var/run/postgresql, database: d, user: u}",
        "prometheus: {url: 'http://[::1]:9090/prom'}",
        "http: {connect_to: {'[::1]:443': '10.0.0.7:443'}}",
        "http: {connect_to: {'bücher.example:443': 'bücher.example:8443'}}",
    ],
)
def test_what_is_one_is_not(tmp_path: Path, target: str) -> None:
    assert lines(load(tmp_path, production=f"environment: production\ntargets:\n  {target}\n")) == []
