"""Mistakes with backups: where a wrong green would hide."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

BACKUPS = (
    Slip(
        "a copied backup is as young as its copy",
        f"{_P}/examine/backups.py",
        "return min(self.named.ends, self.stored.modified)",
        "return self.stored.modified",
        "checks/backup/test_fresh.py",
    ),
    Slip(
        "a backup of the future is the newest",
        f"{_P}/examine/backups.py",
        "if named is None or named.begins > self.clock.latest + _AHEAD:",
        "if named is None:",
        "checks/backup/test_fresh.py",
    ),
    Slip(
        "an empty backup fills a day",
        "checks/backup/check_retention.py",
        "for one in kept.backups if not one.hollow}",
        "for one in kept.backups}",
        "checks/backup/test_retention.py",
    ),
    Slip(
        "parts of different nights are one backup",
        "checks/backup/check_offsite.py",
        "found.setdefault(one.named.begins, {})",
        "found.setdefault(kept.backups[-1].named.begins, {})",
        "checks/backup/test_offsite.py",
    ),
    Slip(
        "a gzip that ends early is whole",
        f"{_P}/sources/files/remote/dump.py",
        'return self._problem or ("" if self._over else "truncated")',
        "return self._problem",
        "sources/files/test_reader.py checks/backup/test_contents.py",
    ),
    Slip(
        "a dump is whole without its last line",
        "checks/backup/check_integrity.py",
        "    if not content.trailer:\n",
        "    if False:\n",
        "checks/backup/test_contents.py",
    ),
    Slip(
        "a Secret without an end is none",
        f"{_P}/sources/files/remote/manifest.py",
        "            found.broken_off()\n",
        "",
        "sources/files/test_reader.py",
    ),
    Slip(
        "a message is encrypted to whomever",
        "checks/backup/check_secrets_encrypted.py",
        "lacking = [one for one in wanted if one not in content.recipients]",
        "lacking: list[str] = []",
        "checks/backup/test_contents.py",
    ),
    Slip(
        "the first page of a bucket is all",
        f"{_P}/sources/s3/collector.py",
        '            if not told["IsTruncated"]:\n',
        "            if True:\n",
        "sources/s3/test_answers.py",
    ),
    Slip(
        "any document is a listing",
        f"{_P}/sources/s3/wire.py",
        "if response.status < 300 and call.roots and not _is(call.roots, response.body):",
        "if False:",
        "sources/s3/test_answers.py",
    ),
    Slip(
        "whose the bucket is nobody asks",
        f"{_P}/sources/s3/collector.py",
        '            words = {"ExpectedBucketOwner": account, **words}\n',
        "            pass\n",
        "sources/s3/test_answers.py",
    ),
    Slip(
        "a backup that Velero calls partially failed is a good one",
        f"{_P}/examine/velero.py",
        "if one.phase == COMPLETED and one.begun is not None",
        "if one.ended and one.begun is not None",
        "checks/backup/test_fresh_velero.py",
    ),
    Slip(
        "a backup of Secrets alone holds the namespace",
        f"{_P}/examine/velero.py",
        "return covers(spec, namespace) and not narrowed(spec)",
        "return covers(spec, namespace)",
        "checks/backup/test_fresh_velero.py",
    ),
    Slip(
        "what was begun has succeeded",
        f"{_P}/sources/kubernetes/reading/velero_runs.py",
        "return RunsByItself(failed(last), last.phase)",
        "return RunsByItself(measured=last.phase)",
        "checks/backup/test_job_success_velero.py",
    ),
    Slip(
        "a status that stands still is one",
        "checks/backup/check_storage_location.py",
        "if every and age is not None and age > bound:",
        "if False:",
        "checks/backup/test_storage_location.py",
    ),
    Slip(
        "snapshots of other namespaces are those of this one",
        "checks/backup/check_integrity.py",
        "if missing and not alone(last.spec, namespace):",
        "if False:",
        "checks/backup/test_integrity_velero.py",
    ),
    Slip(
        "no way to see a backup is no finding",
        f"{_P}/examine/backups.py",
        "    if all(found is None for found in ways.values()):\n",
        "    if False:\n",
        "checks/backup/test_fresh.py",
    ),
)
