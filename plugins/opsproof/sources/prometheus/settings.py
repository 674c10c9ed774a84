"""How a Prometheus is reached."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from opsproof.environment.settings import WebSettings
from opsproof.model.target import CERTIFICATE
from opsproof.sources.prometheus.growth import REPLICAS

LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


class PrometheusSettings(WebSettings):
    """A Prometheus server, or one that speaks its API.

    `replica_labels`: by which the same series of several servers behind one address differ.
    """

    identities = ("label.<name>", CERTIFICATE)

    replica_labels: tuple[LabelName, ...] = REPLICAS
