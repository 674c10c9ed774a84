"""How to reach an API server and as whom: from a kubeconfig, a pod's service account, or a token.

The official client reads kubeconfigs and service accounts; it is imported here, late, since that takes 0.3 s.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsproof.environment.settings import PLAIN_HTTP, PLAIN_HTTP_HINT
from opsproof.model.failure import NotConfigured
from opsproof.sources.kubernetes.kubeconfig import cluster_of, context_of, document, entry, only_context
from opsproof.sources.kubernetes.memory import Kept
from opsproof.sources.kubernetes.plugin import credentials
from opsproof.sources.kubernetes.settings import KubernetesSettings

_REFUSED = {
    "auth-provider": "use an exec plugin",
    "as": "opsproof does not impersonate: give it an account of its own",
}


@dataclass(frozen=True)
class Login:
    """Where and as whom. `who` is for reports; what authenticates stays out of `repr`.

    `kept` holds what the paths of `ca` and `certificate` lead to, where a kubeconfig holds it itself.
    """

    server: str
    ca: Path | None = None
    certificate: tuple[Path, Path] | None = field(default=None, repr=False)
    authorization: str = field(default="", repr=False)
    server_name: str = ""
    proxy: str = ""
    who: str = ""
    kept: tuple[Kept, ...] = field(default=(), repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every credential that requests carry, wherever it came from."""
        key = _text(self.certificate[1]) if self.certificate else ""
        return tuple(filter(None, (self.authorization.partition(" ")[2], key)))


def login(settings: KubernetesSettings, seconds: float) -> Login:
    """Resolve the settings' references.

    Args:
        seconds: how long an exec plugin may take.

    Raises:
        NotConfigured: something is missing or not understood; the message says what.
        Unauthenticated: an exec plugin gave no credentials.
        TimedOut: an exec plugin took too long.
    """
    found = _found(settings, seconds)
    if found.authorization and settings.would_tell(found.server):
        raise NotConfigured(f"{PLAIN_HTTP} to {found.server}: {PLAIN_HTTP_HINT}", own=True)
    return found


def _found(settings: KubernetesSettings, seconds: float) -> Login:
    if settings.in_cluster:
        return _of_pod(settings)
    if settings.kubeconfig is not None:
        return _of_kubeconfig(settings, seconds)
    token = settings.token.read() if settings.token else ""
    return Login(
        settings.server or "",
        settings.ca,
        authorization=f"Bearer {token}" if token else "",
        who=_token_owner(token),
    )


def _of_pod(settings: KubernetesSettings) -> Login:
    from kubernetes.client.configuration import Configuration
    from kubernetes.config import ConfigException, load_incluster_config

    found = Configuration()
    try:
        reader: Any = load_incluster_config
        reader(client_configuration=found, try_refresh_token=False)
    except ConfigException:
        raise NotConfigured("in_cluster: true, but this is not a pod with a service account") from None
    return _from_client(found, settings)


def _of_kubeconfig(settings: KubernetesSettings, seconds: float) -> Login:
    from kubernetes.client.configuration import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    assert settings.kubeconfig is not None
    config = document(settings.kubeconfig)
    context = settings.context or only_context(config)
    of_user = entry(config, "users", str(context_of(config, context).get("user")))
    user = of_user["user"] if isinstance(of_user.get("user"), dict) else {}
    for key, instead in _REFUSED.items():
        if key in user:
            raise NotConfigured(f"the kubeconfig's user has {key!r}: {instead}")
    cluster = cluster_of(config, context)
    if "exec" in user:
        if why := settings.exec_refused(of_user.get("file")):
            raise NotConfigured(why)
        user.update(credentials(user.pop("exec"), cluster, seconds))
    kept = _in_memory(user, cluster)
    found = Configuration()
    try:
        reader: Any = KubeConfigLoader
        reader(config, active_context=context).load_and_set(found)
    except (ConfigException, OSError, ValueError, binascii.Error) as error:
        raise NotConfigured(f"context {context!r} of the kubeconfig cannot be used: {_line(error)}") from None
    return _from_client(found, settings, tuple(kept))


_DATA = {
    "client-certificate-data": "client-certificate",
    "client-key-data": "client-key",
    "certificate-authority-data": "certificate-authority",
}


def _in_memory(user: dict[str, Any], cluster: dict[str, Any]) -> list[Kept]:
    """Certificates and keys of the kubeconfig itself as files in memory: the official client would write them to disk."""
    kept = []
    for section in (user, cluster):
        for name, as_file in _DATA.items():
            if section.get(name):
                try:
                    content = base64.b64decode(str(section.pop(name)), validate=True)
                except ValueError:
                    raise NotConfigured(f"the kubeconfig cannot be used: {name} is no base64") from None
                kept.append(Kept(name, content))
                section[as_file] = str(kept[-1].path)
    return kept


def _from_client(found: Any, settings: KubernetesSettings, kept: tuple[Kept, ...] = ()) -> Login:
    """The official client's configuration as ours."""
    if not found.verify_ssl and settings.ca is None:
        raise NotConfigured("insecure-skip-tls-verify is not accepted: add the key `ca`")
    authorization = str(found.api_key.get("BearerToken", "")).strip()
    if bool(found.cert_file) != bool(found.key_file):
        raise NotConfigured("the kubeconfig's user has only one of a client certificate and its key")
    certificate = (Path(found.cert_file), Path(found.key_file)) if found.cert_file else None
    if settings.token is not None:
        authorization, certificate = f"Bearer {settings.token.read()}", None
    return Login(
        settings.server or str(found.host).rstrip("/"),
        settings.ca or (Path(found.ssl_ca_cert) if found.ssl_ca_cert else None),
        certificate,
        authorization,
        server_name=found.tls_server_name or "",
        # Without one of its own the client takes the shell's proxy, which the environment does not name.
        proxy="" if getattr(found, "_proxy_from_env", False) else found.proxy or "",
        who=_certificate_owner(certificate[0])
        if certificate
        else _token_owner(authorization.partition(" ")[2]),
        kept=kept,
    )


def _certificate_owner(path: Path) -> str:
    """The common name is the user, as the API server sees it."""
    from cryptography import x509  # 8 MB that a token does without
    from cryptography.x509.oid import NameOID

    try:
        subject = x509.load_pem_x509_certificate(path.read_bytes()).subject
    except (OSError, ValueError):
        raise NotConfigured("the client certificate cannot be read") from None
    names = [str(part.value) for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return f"certificate {names[0]}" if names else "certificate without common name"


def _token_owner(token: str) -> str:
    """A service account's token says whose it is; another token is opaque."""
    if not token:
        return "anonymous"
    try:
        payload = token.split(".")[1]
        owner = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
    except (IndexError, KeyError, TypeError, ValueError):
        return "a token"
    return f"token of {owner}"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
