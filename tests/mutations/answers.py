"""Mistakes in what an answer is taken for."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

ANSWERS = (
    Slip(
        "whatever answers PING is Redis",
        f"{_P}/sources/redis/session.py",
        'if self.ask("PING") != "PONG":',
        "if False:",
        "sources/redis contract/test_redis.py",
    ),
    Slip(
        "INFO may be anything",
        f"{_P}/sources/redis/session.py",
        "if not isinstance(answer, str):",
        "if False:",
        "sources/redis/test_answers.py",
    ),
    Slip(
        "a Redis that loads is told for one that serves",
        f"{_P}/sources/redis/collector.py",
        'told.get("loading", "0") != "0"',
        "False",
        "sources/redis/test_answers.py",
    ),
    Slip(
        "a role of any words is kept",
        f"{_P}/sources/redis/collector.py",
        'role if role in {"master", "slave", "sentinel"} else ""',
        "role",
        "sources/redis/test_answers.py",
    ),
    Slip(
        "Redis gets the password whatever certificate it shows",
        f"{_P}/sources/redis/session.py",
        "require(connected, pin)",
        "pass",
        "sources/redis/test_pin.py",
    ),
    Slip(
        "what is wrong beside a certificate's days has the level of its days",
        f"{_P}/examine/bound.py",
        "if self.beside else level",
        "if False else level",
        "checks/certificates examine",
    ),
    Slip(
        "a certificate that nobody trusts is well",
        "checks/certificates/check_expiry.py",
        "if not server.trusted:",
        "if False:",
        "checks/certificates",
    ),
    Slip(
        "a certificate of tomorrow is well",
        "checks/certificates/check_expiry.py",
        "if certificate.not_before > now:",
        "if False:",
        "checks/certificates",
    ),
    Slip(
        "a probe that was not made is none",
        f"{_P}/examine/tally.py",
        " + max(0, wanted - len(faults))",
        "",
        "checks examine",
    ),
    Slip(
        "what is our own fault is the server's",
        f"{_P}/examine/tally.py",
        "failure if failure.own or silent",
        "failure if silent",
        "checks examine",
    ),
    Slip(
        "undecided probes would all have been well",
        f"{_P}/examine/tally.py",
        "if not allowed.allows(self.failed + self.undecided):",
        "if not allowed.allows(self.failed):",
        "checks examine",
    ),
    Slip(
        "a probe's time is that of all it does",
        f"{_P}/transport/attempts.py",
        "self.seconds = self.seconds or round",
        "self.seconds = round",
        "transport/test_link.py",
    ),
    Slip(
        "a tab is told by what comes after it",
        f"{_P}/environment/syntax.py",
        "found = self._tab()",
        "found = None",
        "environment/test_syntax.py",
    ),
    Slip(
        "a quote that was forgotten is told where it ends",
        f"{_P}/environment/syntax.py",
        "self._closed_late() or self._closed_twice()",
        "self._closed_twice()",
        "environment/test_syntax.py",
    ),
    Slip(
        "quiet hours are those of Greenwich",
        f"{_P}/model/requirement.py",
        "local = moment.astimezone(ZoneInfo(self.zone))",
        "local = moment",
        "environment/test_quiet_hours.py",
    ),
    Slip(
        "quiet hours last a moment longer than they are said to",
        f"{_P}/model/requirement.py",
        "return today and self.begins <= clock < self.until",
        "return today and self.begins <= clock <= self.until",
        "environment/test_quiet_hours.py",
    ),
    Slip(
        "a file of attestations is passed over",
        f"{_P}/environment/folder.py",
        ", *_attested(path)]",
        "]",
        "environment/test_attestations.py",
    ),
    Slip(
        "a limit that was forgotten is no mistake",
        f"{_P}/environment/bind.py",
        "    if forgotten:\n",
        "    if False:\n",
        "environment plan",
    ),
    Slip(
        "reports that others may read are not told",
        f"{_P}/hooks/ended.py",
        "return within and bool(",
        "return False and bool(",
        "hooks/test_exposed.py",
    ),
    Slip(
        "a group may read reports",
        f"{_P}/hooks/ended.py",
        "& 0o077)",
        "& 0o007)",
        "hooks/test_exposed.py",
    ),
    Slip(
        "files of another environment are other code",
        f"{_P}/evidence/run.py",
        'if name in start.digests or "/environments/" not in name',
        "if True",
        "evidence/test_code_differs.py",
    ),
    Slip(
        "a new check is no other code",
        f"{_P}/evidence/run.py",
        'if name in start.digests or "/environments/" not in name',
        "if name in start.digests",
        "evidence/test_code_differs.py",
    ),
)
