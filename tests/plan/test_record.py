"""What a plan's record keeps of checks."""

from __future__ import annotations

from checks.backup.check_fresh import check_fresh
from opsproof.model.finding import BACKUP_AGE
from opsproof.model.result import CheckRecord, RequirementRecord
from opsproof.plan.record import recorded


def test_the_record_of_a_check_says_what_it_measures() -> None:
    """Of the checks that rows name; a report draws by it."""
    row = RequirementRecord(
        id="SH-001", system="shop", environment="live", says="", checks=(check_fresh.name,)
    )
    known = {check_fresh.name: check_fresh, "other/check": check_fresh}
    assert (CheckRecord("backup/fresh", check_fresh.title, check_fresh.risk, BACKUP_AGE),) == recorded(
        {}, [], [row], known
    ).checks
