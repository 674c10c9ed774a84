"""What lets opsproof have a folder looked at: a forced command that runs one program, and nothing else."""

from __future__ import annotations

from opsproof.model.rights import Rights
from opsproof.sources.host.asks import IDENTITY, need
from opsproof.sources.host.rights import files

RIGHTS = Rights(files, tuple(map(need, IDENTITY)))
