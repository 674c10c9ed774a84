"""How a cluster is reached, and as whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from opsproof.environment.references import FilePath, Files, SecretRef
from opsproof.environment.settings import (
    PLAIN_HTTP,
    PLAIN_HTTP_HINT,
    TargetSettings,
    Url,
    host_of,
    in_the_clear,
)
from opsproof.environment.shape import Text, refuse
from opsproof.model.failure import NotConfigured
from opsproof.model.target import CERTIFICATE
from opsproof.sources.kubernetes.kubeconfig import document, only_context, server_of

Kubeconfig = Annotated[
    Files, BeforeValidator(lambda given: {"file": given} if isinstance(given, str) else given)
]


class KubernetesSettings(TargetSettings):
    """A cluster: a kubeconfig (with a context), or the pod's own service account, or server and token.

    `kubeconfig` is a path, a list of paths as KUBECONFIG may be, or a reference to its text; `server` overrides the
    address in it. `allow: [secret-names]`: the names of Secrets may be listed, by a right that lets one read them, too.
    A kubeconfig that lies in the repository may start a program (an exec plugin) only with `allow_exec`. A token goes
    over http to this machine alone, or with `plain_http`.
    """

    identities = ("kube-system-uid", CERTIFICATE)
    addressed_by = ("server", "context")

    kubeconfig: Kubeconfig | None = None
    context: Text | None = None
    in_cluster: bool = False
    server: Url | None = None
    token: SecretRef | None = None
    ca: FilePath | None = None
    plain_http: bool = False
    allow: list[Literal["secret-names"]] = []
    allow_exec: bool = False

    @property
    def address(self) -> str:
        name = self.kubeconfig.env or Path(self.kubeconfig.file).name if self.kubeconfig else "in-cluster"
        return self.server or self.context or name

    @property
    def sensitive(self) -> tuple[str, ...]:
        return tuple(self.allow)

    @property
    def secret_names(self) -> bool:
        return "secret-names" in self.allow

    def hosts(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The API server: the one that is named, else the one of the kubeconfig, as far as it can be read."""
        try:
            server = self.server or self._of_kubeconfig()
        except NotConfigured:
            return ()
        return (host_of(server),) if server else ()

    def would_tell(self, server: str) -> bool:
        """Whether a token that is sent there could be read on the way, which nobody declared."""
        return not self.plain_http and in_the_clear(server)

    def exec_refused(self, file: str | None) -> str:
        """Why a program that this file of the kubeconfig names is not started; empty where it is."""
        if self.allow_exec or self.kubeconfig is None or file is None:
            return ""
        repository = _repository(self.kubeconfig.folder.resolve())
        if repository is None or repository not in Path(file).resolve().parents:
            return ""
        return (
            f"the kubeconfig {Path(file).name} lies in the repository and would start a program: "
            "keep it elsewhere, or say allow_exec: true"
        )

    def unfit(self) -> str:
        """A context that the kubeconfig does not have."""
        if self.kubeconfig is None or self.kubeconfig.missing():
            return ""
        try:
            self._of_kubeconfig()
        except NotConfigured as wrong:
            return wrong.message
        return ""

    def _of_kubeconfig(self) -> str:
        if self.kubeconfig is None:
            return ""
        config = document(self.kubeconfig)
        return server_of(config, self.context or only_context(config))

    @model_validator(mode="after")
    def _names_a_cluster(self) -> KubernetesSettings:
        ways = [
            self.kubeconfig is not None,
            self.in_cluster,
            self.server is not None and self.kubeconfig is None,
        ]
        if sum(ways) != 1:
            refuse("needs exactly one of kubeconfig, in_cluster: true, or server with token")
        if self.token is not None and self.server is not None and self.would_tell(self.server):
            refuse(PLAIN_HTTP, PLAIN_HTTP_HINT)
        if self.context and self.kubeconfig is None:
            refuse("context is only meant with kubeconfig")
        return self


def _repository(folder: Path) -> Path | None:
    """What a folder of environments belongs to: the work tree around it, else the folder that holds its checks."""
    for one in (folder, *folder.parents):
        if (one / ".git").exists():
            return one
    return folder.parents[3] if folder.name == "environments" and len(folder.parents) > 3 else None
