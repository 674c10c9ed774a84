"""All mutations, seam by seam: where a small slip would make a wrong green."""

from __future__ import annotations

from tests.mutations.answers import ANSWERS
from tests.mutations.backups import BACKUPS
from tests.mutations.cloud import CLOUD
from tests.mutations.collect import COLLECT
from tests.mutations.databases import DATABASES
from tests.mutations.evidence import EVIDENCE
from tests.mutations.examine import EXAMINE
from tests.mutations.hooks import HOOKS
from tests.mutations.judge import JUDGE
from tests.mutations.memory import MEMORY
from tests.mutations.reports import REPORTS
from tests.mutations.sources import SOURCES
from tests.mutations.stores import STORES

MUTATIONS = (
    *JUDGE, *EXAMINE, *EVIDENCE, *COLLECT, *SOURCES, *ANSWERS, *STORES, *MEMORY, *HOOKS, *REPORTS, *DATABASES, *BACKUPS,
    *CLOUD,
)  # fmt: skip
