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
        f"{_P}/examine/backups.py",
        "for one in self.backups if not one.hollow}",
        "for one in self.backups}",
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
        "no way to see a backup is no finding",
        f"{_P}/examine/backups.py",
        "    if all(found is None for found in ways.values()):\n",
        "    if False:\n",
        "checks/backup/test_fresh.py",
    ),
    Slip(
        "a backup made after the rollout is one before it",
        "checks/backup/check_predeploy.py",
        "before = [one for one in finished if began is None or one.made <= began]",
        "before = list(finished)",
        "checks/backup/test_predeploy.py",
    ),
    Slip(
        "what lives and is in no backup is not missed",
        "checks/backup/check_config_included.py",
        "if one.owner is None and not one.terminating and not claimed and one.created and one.created < made:",
        "if False:",
        "checks/backup/test_contents.py",
    ),
    Slip(
        "a system whose workloads are not all known has no database",
        "checks/backup/check_fresh.py",
        "    elif not workloads.gaps:\n",
        "    else:\n",
        "checks/backup/test_fresh.py",
    ),
    Slip(
        "a backup by hand this morning is one that runs by itself",
        "checks/backup/check_job_success.py",
        "missing = kept.without(days)",
        "missing = kept.without(())",
        "checks/backup/test_job_success.py",
    ),
    Slip(
        "a Certificate that is Ready has not expired",
        f"{_P}/sources/kubernetes/reading/issuance.py",
        "    elif ends <= clock.latest:\n",
        "    elif False:\n",
        "checks/certificates/test_manager_ready.py",
    ),
    Slip(
        "an overdue renewal is excused for ever",
        f"{_P}/sources/kubernetes/reading/issuance.py",
        "return {False: 1, None: 2, True: 3}[lasts]",
        "return 3",
        "checks/certificates/test_manager_ready.py",
    ),
    Slip(
        "a namespace that is mistyped is a cluster without cert-manager",
        f"{_P}/sources/kubernetes/reading/issuance.py",
        "return isinstance(services, Listing) and bool(services) and all(one.name != API for one in services)",
        "return True",
        "checks/certificates/test_manager_ready.py",
    ),
    Slip(
        "any certificate of the right age is the one that was issued",
        "checks/certificates/check_rotation.py",
        "assert leaf.sha256 in {each.sha256 for each in leaves}, needed",
        "assert leaf.not_before == leaves[-1].not_before, needed",
        "checks/certificates/test_rotation.py",
    ),
    Slip(
        "an empty namespace that nobody proved is empty",
        "checks/recovery/check_dr_environment.py",
        "for doubt in dict.fromkeys((*things.doubts, *pods.doubts)):",
        "for doubt in ():",
        "checks/recovery/test_dr_environment.py",
    ),
)
