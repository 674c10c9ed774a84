"""The paths that are asked: what a proxy in front has to let through, and nothing else."""

from __future__ import annotations

from opsproof.model.rights import Need, Rights
from opsproof.sources.prometheus.rights import files

RIGHTS = Rights(files, (Need("GET", "/api/v2/status"),))
