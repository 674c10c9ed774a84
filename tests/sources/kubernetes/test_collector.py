"""The Kubernetes collector against the real API server, alone and behind a proxy that spoils the answers."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    NotFound,
    TimedOut,
    TlsFailed,
    TooBig,
    Unauthenticated,
    Unreachable,
)
from opsproof.model.target import Budget, Target
from opsproof.sources.kubernetes import collector as kubernetes
from opsproof.sources.kubernetes.asks import (
    JSON,
    PROTOBUF,
    RESOURCES,
    AutoscalerStatusOf,
    ListOf,
    ObjectNamed,
    ReadinessOf,
    UsageOf,
    VersionOf,
)
from opsproof.sources.kubernetes.collector import KubernetesCollector
from opsproof.sources.kubernetes.settings import KubernetesSettings
from opsproof.transport.link import Link, Request
from tests.testbed import kubernetes_access, kubernetes_servers, place
from tests.testbed.kubernetes_api import admin
from tests.testbed.process import await_that
from tests.testbed.services import faults, proxy
from tests.testbed.services.faults import Fault

pytestmark = pytest.mark.usefixtures("testbed")
NAMESPACE = "repo-scanner"
PODS = ListOf(target="k", resource="pods", namespace=NAMESPACE)
Settings = dict[str, Any]


class Free:
    """A load budget that never makes anybody wait."""

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        yield


class Client:
    """A collector with what it recorded of its requests."""

    def __init__(self, settings: Settings, identity: dict[str, str] | None = None, **budget: Any) -> None:
        self.target = Target(
            role="kubernetes",
            kind="kubernetes",
            id="kubernetes:test",
            settings=KubernetesSettings(**settings),
            identity=identity or {},
            budget=Budget(**budget),
        )
        self.collector = KubernetesCollector(self.target)
        self.requests: list[Request] = []
        self.link = self._link()

    def _link(self) -> Link:
        return Link(
            self.target, "ask", slots=Free(), record=self.requests.append, deadline=time.monotonic() + 60
        )

    def ask(self, ask: Any) -> Any:
        self.link = self._link()
        return self.collector.collect(ask, self.link)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def made(user: str = "opsproof", *, settings: Settings | None = None, **budget: Any) -> Client:
            one = Client(settings or {"kubeconfig": str(kubeconfig(user))}, **budget)
            stack.callback(one.collector.close)
            return one

        yield made


@pytest.fixture
def spoiled(client: Callable[..., Client]) -> Iterator[Callable[..., Client]]:
    """A client whose requests to the API server meet a fault on the way."""
    with ExitStack() as stack:

        def made(*wanted: Fault, **budget: Any) -> Client:
            _, file = stack.enter_context(proxy.before_kubernetes(*wanted))
            return client(settings={"kubeconfig": str(file)}, **budget)

        yield made


def kubeconfig(user: str) -> Path:
    return kubernetes_access.credentials() / f"{user}.kubeconfig"


def names(things: list[Any]) -> list[str]:
    return sorted(thing.name for thing in things)


def asks() -> list[ListOf | UsageOf]:
    """Every list that a check asks for."""
    found: list[ListOf | UsageOf] = []
    for name, resource in RESOURCES.items():
        where = "kube-node-lease" if name == "leases" else NAMESPACE if resource.namespaced else ""
        form = UsageOf if "metrics" in name else ListOf
        found.append(form(target="k", resource=name, namespace=where))
    return found


@pytest.mark.parametrize("ask", asks(), ids=lambda ask: ask.resource)
def test_every_list_is_what_the_server_has(ask: ListOf | UsageOf, client: Callable[..., Client]) -> None:
    """Read by the testbed's own client too; and the facts survive a recording."""
    found = client("admin").ask(ask)
    resource = RESOURCES[ask.resource]
    raw = admin().send("GET", resource.path(ask.namespace))["items"]
    assert names(found) == sorted(item["metadata"]["name"] for item in raw)
    assert all(isinstance(item, resource.fact) for item in found)
    assert msgspec.json.decode(msgspec.json.encode(found), type=ask.answer) == found


BINARY = [ask for ask in asks() if PROTOBUF in RESOURCES[ask.resource].media]


@pytest.mark.parametrize("ask", BINARY, ids=lambda ask: ask.resource)
def test_every_list_by_protobuf_is_the_one_by_json(
    ask: ListOf, client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as nothing changed between the two: heartbeats do."""
    resource = RESOURCES[ask.resource]
    one = client("admin")

    def by(media: str) -> Any:
        monkeypatch.setitem(RESOURCES, ask.resource, msgspec.structs.replace(resource, media=media))
        return one.ask(ask)

    await_that("both are the same", lambda: by(PROTOBUF) == by(JSON))


def test_least_privilege_is_enough_for_what_checks_ask(client: Callable[..., Client]) -> None:
    """All but lists that no check of ours asks for, the names of Secrets, which an environment must allow, and what
    is asked of Velero's own namespace alone."""
    one, refused = client(), []
    for ask in asks():
        try:
            one.ask(ask)
        except Forbidden:
            refused.append(ask.resource)
    of_velero = [
        "backups.velero.io",
        "schedules.velero.io",
        "restores.velero.io",
        "backupstoragelocations",
        "podvolumebackups",
        "datauploads",
    ]
    assert refused == ["namespaces", "secrets", "configmaps", "helm-releases", *of_velero]


def test_facts_hold_no_annotation_and_no_environment(client: Callable[..., Client]) -> None:
    recorded = msgspec.json.encode([client("admin").ask(ask) for ask in asks()])
    for word in (
        b"managedFields",
        b"annotations",
        b'"env"',
        b'"data"',
        b"last-applied-configuration",
        b"expr",
    ):
        kept = recorded.replace(b'"annotations":{"deployment.kubernetes.io/revision"', b"")
        assert word not in kept.replace(b'"annotations":{"cronjob.kubernetes.io/instantiate"', b"")


@pytest.mark.parametrize("resource", ["secrets", "configmaps", "helm-releases"])
def test_of_secrets_and_config_maps_the_server_sends_no_content(
    resource: str, client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and ages come, for one who might read it all."""
    bodies: list[bytes] = []
    asked = kubernetes.web.get

    def kept(*words: Any, **more: Any) -> Any:
        found = asked(*words, **more)
        bodies.append(found.body)
        return found

    monkeypatch.setattr(kubernetes.web, "get", kept)
    found = client("admin").ask(ListOf(target="k", resource=resource, namespace=NAMESPACE))
    assert found
    assert all(one.metadata.creation_timestamp for one in found)
    raw = admin().send("GET", RESOURCES[resource].path(NAMESPACE))["items"]
    values = [value for one in raw for value in one.get("data", {}).values()]
    assert values
    assert not any(value.encode() in body for value in values for body in bodies)
    assert b'"data"' not in b"".join(bodies)


def test_of_the_one_config_map_only_the_status_is_kept(client: Callable[..., Client]) -> None:
    """With the rights of opsproof: to this one, and to no other."""
    ask = AutoscalerStatusOf(target="k", namespace="kube-system", name="cluster-autoscaler-status")
    (report,) = client().ask(ask)
    assert (report.health, report.running) == ("Healthy", True)
    assert report.written is not None
    other = msgspec.structs.replace(ask, name="kube-root-ca.crt")
    with pytest.raises(Forbidden, match=r"get configmaps kube-root-ca\.crt in namespace kube-system"):
        client().ask(other)
    assert client("admin").ask(msgspec.structs.replace(ask, name="no-such-thing")) == []


def test_readiness_and_version(client: Callable[..., Client]) -> None:
    one = client()
    readiness = one.ask(ReadinessOf(target="k"))
    assert (readiness.ok, readiness.status, readiness.failing) == (True, 200, ())
    assert "etcd" in [part.name for part in readiness.parts]
    assert one.ask(VersionOf(target="k")).git_version.startswith("v1.")


def test_one_object_and_one_that_does_not_exist(client: Callable[..., Client]) -> None:
    one = client()
    dns = ObjectNamed(target="k", resource="deployments", namespace="kube-system", name="coredns")
    assert names(one.ask(dns)) == ["coredns"]
    assert one.ask(msgspec.structs.replace(dns, name="no-such-thing")) == []


def test_the_server_tells_its_clock(client: Callable[..., Client]) -> None:
    one = client()
    one.ask(PODS)
    assert one.link.clock is not None
    assert abs((one.link.clock - datetime.now(timezone.utc)).total_seconds()) < 60


def test_pages_are_put_together(client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    one = client()
    whole = names(one.ask(PODS))
    assert len(whole) > 4
    one.requests.clear()
    monkeypatch.setattr(kubernetes, "PAGE", 2)
    assert names(one.ask(PODS)) == whole
    queries = [parse_qs(urlsplit(path).query) for path in one.paths]
    assert len(queries) == (len(whole) + 1) // 2
    assert [set(query) for query in queries[:2]] == [{"limit"}, {"limit", "continue"}]


def test_a_list_that_expires_between_two_pages_begins_again(
    spoiled: Callable[..., Client], client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "PAGE", 2)
    one = spoiled(faults.gone(1))
    assert names(one.ask(PODS)) == names(client().ask(PODS))
    assert [request.status for request in one.requests[:3]] == [200, 410, 200]
    assert "continue" not in one.paths[2]


def test_a_list_that_always_expires_is_no_answer(
    spoiled: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "PAGE", 2)
    with pytest.raises(BadAnswer, match="expired 3 times"):
        spoiled(faults.gone(100)).ask(PODS)


def test_too_many_requests_are_repeated_after_a_while(spoiled: Callable[..., Client]) -> None:
    one = spoiled(faults.too_many(2, retry_after=0))
    assert one.ask(PODS)
    assert [(request.status, request.attempt) for request in one.requests] == [(429, 1), (429, 2), (200, 3)]


def test_each_request_is_recorded_with_its_size_and_digest(client: Callable[..., Client]) -> None:
    one = client()
    one.ask(PODS)
    (request,) = one.requests
    assert (request.method, request.status) == ("GET", 200)
    assert request.path == f"/api/v1/namespaces/{NAMESPACE}/pods?limit=500"
    assert (request.bytes > 1000, len(request.digest)) == (True, 32)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (faults.html(), BadAnswer, "list pods: expected PodList, found HTML"),
        (faults.garbage(), BadAnswer, "found no complete JSON"),
        (faults.wrong_type(), BadAnswer, "found no complete JSON"),
        (
            faults.wrong_type(document={"kind": "PodList"}),
            BadAnswer,
            "another shape: Object missing required field `items`",
        ),
        (faults.wrong_type(document=faults._status(500, "X", "planted-secret")), BadAnswer, "found Status"),
        (
            faults.wrong_type(document={"kind": "ServiceList", "metadata": {}, "items": []}),
            BadAnswer,
            "expected PodList, found ServiceList",
        ),
        (
            faults.wrong_type(document={"kind": "PodList", "metadata": {}, "items": [{"metadata": 7}]}),
            BadAnswer,
            "another shape: Expected `object`, got `int`",
        ),
        (faults.truncated(700), BadAnswer, "truncated"),
        (faults.status(500, body="planted-secret"), BadAnswer, "HTTP 500"),
        (faults.status(503), BadAnswer, "HTTP 503 for .*/pods: what serves it"),
        (faults.status(401), Unauthenticated, "HTTP 401"),
        (faults.redirect("https://login.example.com/"), BadAnswer, "HTTP 302"),
        (faults.forbidden(), Forbidden, f"the permission to list pods in namespace {NAMESPACE} is missing"),
        (faults.reset(), Unreachable, "closed without a complete answer"),
    ],
)
def test_a_spoiled_answer_is_an_error_and_never_an_empty_list(
    fault: Fault, error: type[CollectionError], message: str, spoiled: Callable[..., Client]
) -> None:
    with pytest.raises(error, match=message) as raised:
        spoiled(fault).ask(PODS)
    assert raised.value.target == "kubernetes:test"
    assert "planted-secret" not in str(raised.value)


@pytest.mark.parametrize(
    "fault", [faults.hang(), faults.drip(200), faults.slow(30)], ids=["hang", "drip", "slow"]
)
def test_no_answer_takes_longer_than_the_deadline(fault: Fault, spoiled: Callable[..., Client]) -> None:
    with pytest.raises(TimedOut):
        spoiled(fault, deadline=1.0).ask(PODS)


def test_an_oversized_answer_is_not_read_to_its_end(spoiled: Callable[..., Client]) -> None:
    with pytest.raises(TooBig, match="more than 100000 bytes"):
        spoiled(faults.huge(50_000_000), max_bytes=100_000).ask(PODS)


def test_hostile_strings_stay_strings(spoiled: Callable[..., Client]) -> None:
    pods = spoiled(faults.hostile("app")).ask(PODS)
    assert {pod.labels["app"] for pod in pods if "app" in pod.labels} == {faults.HOSTILE}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.html(), BadAnswer),
        (faults.wrong_type(), BadAnswer),
        (faults.status(200, body="ok"), BadAnswer),
    ],
)
def test_readiness_is_believed_only_with_its_parts(
    fault: Fault, error: type[CollectionError], spoiled: Callable[..., Client]
) -> None:
    with pytest.raises(error, match="/readyz"):
        spoiled(fault).ask(ReadinessOf(target="k"))


def test_a_control_plane_that_is_not_ready_says_so_with_status_500(spoiled: Callable[..., Client]) -> None:
    body = "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"
    readiness = spoiled(faults.status(500, body=body)).ask(ReadinessOf(target="k"))
    assert (readiness.ok, readiness.status, readiness.failing) == (False, 500, ("etcd",))


def test_wholly_forbidden(client: Callable[..., Client]) -> None:
    one = client("stranger")
    for ask in asks():
        with pytest.raises(Forbidden, match="the permission to list"):
            one.ask(ask)


def test_forbidden_in_part(client: Callable[..., Client]) -> None:
    one = client("partial")
    assert one.ask(PODS)
    with pytest.raises(Forbidden, match="list pods in namespace opsforge is missing"):
        one.ask(msgspec.structs.replace(PODS, namespace="opsforge"))
    assert one.ask(ListOf(target="k", resource="deployments", namespace="opsforge"))
    with pytest.raises(Forbidden, match="list services in namespace accelerapp is missing"):
        one.ask(ListOf(target="k", resource="services", namespace="accelerapp"))


def test_an_api_that_is_not_served_is_not_found(
    client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = msgspec.structs.replace(PODS, resource="gone")
    resource = kubernetes.Resource("/apis/gone.example.com/v1", "things", RESOURCES["pods"].fact)
    monkeypatch.setitem(RESOURCES, "gone", resource)
    with pytest.raises(NotFound, match="does not serve /apis/gone"):
        client("admin").ask(absent)
    with pytest.raises(NotFound, match="does not serve /apis/gone"):
        client("admin").ask(ObjectNamed(target="k", resource="gone", namespace="x", name="y"))


def test_nobody_listens(client: Callable[..., Client]) -> None:
    with proxy.refusing() as address, pytest.raises(Unreachable, match="connection refused"):
        client(settings={"kubeconfig": str(kubeconfig("opsproof")), "server": f"https://{address}"}).ask(PODS)


def test_another_authority_is_not_believed(client: Callable[..., Client], tmp_path: Path) -> None:
    other = tmp_path / "ca.pem"
    other.write_bytes((kubernetes_access.credentials() / "web-ca.pem").read_bytes())
    with pytest.raises(TlsFailed):
        client(settings={"kubeconfig": str(kubeconfig("opsproof")), "ca": str(other)}).ask(PODS)


def test_without_credentials_nothing_is_told(client: Callable[..., Client]) -> None:
    port = place.PORTS["kubernetes"]
    ca = kubernetes_servers.authority().cert
    with pytest.raises((Forbidden, Unauthenticated)):
        client(settings={"server": f"https://127.0.0.1:{port}", "ca": str(ca)}).ask(PODS)


def test_samples_are_spaced_and_equal_ones_kept_once(client: Callable[..., Client]) -> None:
    one = client()
    ask = UsageOf(target="k", resource="nodes.metrics.k8s.io", samples=3, spacing=0.01)
    found = one.ask(ask)
    assert len(one.requests) == 3
    assert len({(item.name, item.timestamp) for item in found}) == len(found)


def test_identity_is_the_uid_of_kube_system(client: Callable[..., Client]) -> None:
    one = client()
    report = one.collector.identify(one.link)
    assert report.identity == {"kube-system-uid": admin().get("Namespace", "kube-system")["metadata"]["uid"]}
    assert report.authenticated_as == "certificate opsproof"
    assert report.version.startswith("v1.")
    assert report.failure == ""


def test_who_may_not_see_the_namespace_gets_an_unverified_identity(client: Callable[..., Client]) -> None:
    one = client("stranger")
    report = one.collector.identify(one.link)
    assert (report.identity, report.verified) == ({}, "unverified")
    assert report.failure == "the permission to get namespaces kube-system is missing"


def test_a_declared_certificate_is_looked_at(client: Callable[..., Client]) -> None:
    one = client(identity={"certificate-sha256": "?"})
    report = one.collector.identify(one.link)
    pem = ssl.get_server_certificate((place.HOST, place.PORTS["kubernetes"]))
    shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert report.identity["certificate-sha256"] == shown
    assert set(report.identity) == {"kube-system-uid", "certificate-sha256"}
