"""cert-manager: its controllers beside the cluster, an authority that issues, and what it issued on nginx."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.testbed import build, process
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_servers as servers
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Api, Object, admin
from tests.testbed.services import certificates, nginx

NAME, MODULE = "cert-manager", "github.com/cert-manager/cert-manager"
NAMESPACE = world.CERT_MANAGER
ISSUER = "testbed"
KIND = "Certificate"
# namespace -> the Certificate's name, and its hosts
CERTIFICATES = {
    "opsforge": ("opsforge-tls", ("opsforge.example.com",)),
    "accelerapp": ("accelerapp-tls", ("api.accelerapp.io",)),
    "smartcloudops": ("smartcloudops-tls", ("smartcloudops.ai", "api.smartcloudops.ai")),
}
# Whose certificate is compared with what is served.
SERVED = ("smartcloudops", "smartcloudops.ai")
Moments = dict[str, datetime]


def up() -> None:
    """Running, every Certificate issued, and the one that is compared served."""
    api = admin()
    if process.running(NAME) is None:
        _define(api)
        start()
    _issue(api)
    serve(api)


def down() -> None:
    process.stop(NAME, within=5.0)


def reset() -> None:
    """Every Certificate as it was, and served again."""
    up()


def start() -> None:
    process.start(
        NAME,
        [
            build.programs() / "cert-manager",
            f"--kubeconfig={servers.server_kubeconfig('testbed:cert-manager')}",
            f"--cluster-resource-namespace={NAMESPACE}",
        ],
        env={"HOME": os.devnull},
    )


def definitions() -> list[Object]:
    """The CustomResourceDefinitions of the very module that was built; they are downloaded where they are not there."""
    command = ["go", "mod", "download", "-json", MODULE]
    done = subprocess.run(command, cwd=build.SOURCE / NAME, capture_output=True, text=True)
    if done.returncode:
        raise process.TestbedError(f"{' '.join(command)}: {done.stderr.strip()}")
    folder = Path(json.loads(done.stdout)["Dir"]) / "deploy" / "crds"
    found = [each for path in sorted(folder.glob("*cert-manager.io_*.yaml")) for each in world.load(path)]
    if len(found) < 6:
        raise process.TestbedError(f"{MODULE}: {len(found)} definitions in deploy/crds")
    return found


def _define(api: Api) -> None:
    """What it needs before it starts, and an issuer with the key of the web servers' authority."""
    for each in [*definitions(), *_controller()]:
        process.await_that(f"{each['kind']} is accepted", lambda each=each: api.apply(each), within=60)
    root, intermediate = certificates.authorities()
    chain = b"".join(one.certificate.public_bytes(Encoding.PEM) for one in (intermediate, root))
    data = {"tls.crt": _text(chain), "tls.key": _text(certificates.key_pem(intermediate.key))}
    api.apply(make.thing("v1", "Secret", ISSUER, NAMESPACE, type="kubernetes.io/tls", data=data))


def _controller() -> list[Object]:
    """The Deployment that stands for it in the cluster: its pod is simulated, its work is not."""
    return [
        make.Workload(
            NAMESPACE, NAME, 1, 9402, requests=("10m", "32Mi"), limits=("100m", "64Mi"), service=None
        ).controller()
    ]


def _issue(api: Api) -> None:
    spec = {"ca": {"secretName": ISSUER}}
    process.await_that(
        "an issuer is accepted",
        lambda: api.apply(make.thing("cert-manager.io/v1", "ClusterIssuer", ISSUER, spec=spec)),
        within=60,
    )
    for namespace in CERTIFICATES:
        api.apply(wanted(namespace))
    for namespace in CERTIFICATES:
        ready(api, namespace)


def wanted(namespace: str, **spec: Any) -> Object:
    name, hosts = CERTIFICATES[namespace]
    return certificate(namespace, name, *hosts, **spec)


def certificate(namespace: str, name: str, *hosts: str, **spec: Any) -> Object:
    """A Certificate for these hosts, of ninety days as long as nothing else is said."""
    usual = {
        "secretName": name,
        "dnsNames": list(hosts),
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": {"name": ISSUER, "kind": "ClusterIssuer"},
        "usages": ["digital signature", "server auth"],
        "duration": "2160h",
    }
    return make.thing("cert-manager.io/v1", KIND, name, namespace, spec={**usual, **spec})


def ready(api: Api, namespace: str, name: str = "", *, revision: int = 1) -> Object:
    """Wait until a Certificate is issued, and nothing is being issued."""

    def holds(now: Object) -> bool:
        status = now.get("status", {})
        return (
            undo.reason_of(now, "Ready")[0] == "True"
            and undo.reason_of(now, "Issuing")[0] != "True"
            and status.get("revision", 0) >= revision
            and "renewalTime" in status
        )

    return undo.await_condition(api, KIND, namespace, name or CERTIFICATES[namespace][0], holds)


def serve(api: Api) -> None:
    """nginx shows what was issued last, as whatever mounts the Secret would, and has had the time to."""
    namespace, host = SERVED
    secret = api.get("Secret", CERTIFICATES[namespace][0], namespace)["data"]
    nginx.adopt(host, base64.b64decode(secret["tls.crt"]), base64.b64decode(secret["tls.key"]))
    issued_earlier()


def issued_earlier(*, seconds: float = 2 * age.HOUR) -> None:
    """The request that made the newest revision was granted so much earlier."""
    namespace, _ = SERVED
    name = CERTIFICATES[namespace][0]
    revision = admin().get(KIND, name, namespace)["status"]["revision"]
    age.lasting("CertificateRequest", namespace, f"{name}-{revision}", "Ready", seconds=seconds)


def serial(api: Api) -> str:
    """Of what was issued last, as the Secret has it."""
    namespace, _ = SERVED
    secret = api.get("Secret", CERTIFICATES[namespace][0], namespace)["data"]
    return f"{x509.load_pem_x509_certificate(base64.b64decode(secret['tls.crt'])).serial_number:x}"


# Ways to be wrong: each undoes itself exactly.


@contextmanager
def stopped() -> Iterator[None]:
    """Nothing reconciles any more, while its Deployment still says that it is available."""
    down()
    try:
        yield
    finally:
        start()
        for namespace in CERTIFICATES:
            ready(admin(), namespace)


@contextmanager
def scaled_away() -> Iterator[None]:
    """Its Deployment has no pod; what it stands for goes on."""
    _scale(0)
    try:
        yield
    finally:
        _scale(1)


def _scale(replicas: int) -> None:
    api = admin()
    api.patch("Deployment", NAME, {"spec": {"replicas": replicas}}, NAMESPACE)
    undo.await_condition(
        api,
        "Deployment",
        NAMESPACE,
        NAME,
        lambda now: (
            now["status"].get("readyReplicas", 0) == replicas
            and now["status"].get("observedGeneration") == now["metadata"]["generation"]
        ),
    )


@contextmanager
def telling(namespace: str, **moments: timedelta) -> Iterator[None]:
    """While it is stopped: a Certificate's status has these moments, from now."""
    api, (name, _) = admin(), CERTIFICATES[namespace]
    before = {key: api.get(KIND, name, namespace)["status"].get(key) for key in moments}
    _tell(
        api, namespace, {key: _moment(datetime.now(timezone.utc) + after) for key, after in moments.items()}
    )
    try:
        yield
    finally:
        _tell(api, namespace, before)


def _tell(api: Api, namespace: str, status: object) -> None:
    api.patch(KIND, CERTIFICATES[namespace][0], {"status": status}, namespace, part="status")


@contextmanager
def renewed() -> Iterator[str]:
    """The served Certificate is issued anew, as `cmctl renew` asks for it, and nginx is not told; gives the serial."""
    api, (namespace, _) = admin(), SERVED
    now = api.get(KIND, CERTIFICATES[namespace][0], namespace)
    issuing = {
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "asked for by a test",
        "lastTransitionTime": _moment(datetime.now(timezone.utc)),
        "observedGeneration": now["metadata"]["generation"],
    }
    others = [one for one in now["status"]["conditions"] if one["type"] != "Issuing"]
    _tell(api, namespace, {"conditions": [*others, issuing]})
    ready(api, namespace, revision=now["status"]["revision"] + 1)
    try:
        yield serial(api)
    finally:
        serve(api)


@contextmanager
def unissuable(namespace: str, name: str = "unissuable-tls") -> Iterator[str]:
    """One more Certificate, of an issuer that does not exist; gives its name."""
    thing = certificate(
        namespace, name, "unissuable.example.com", issuerRef={"name": "nobody", "kind": "ClusterIssuer"}
    )
    with undo.added(thing):
        undo.await_condition(
            admin(), KIND, namespace, name, lambda now: undo.reason_of(now, "Ready")[0] == "False"
        )
        yield name


@contextmanager
def brief(
    namespace: str, name: str = "brief-tls", *, duration: str = "1h", before: str = "20m"
) -> Iterator[Object]:
    """One more Certificate, which lives shortly; gives it as it was issued. Its Secret goes with it."""
    thing = certificate(namespace, name, "brief.example.com", duration=duration, renewBefore=before)
    with undo.added(thing):
        try:
            yield ready(admin(), namespace, name)
        finally:
            admin().delete("Secret", name, namespace)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
