"""Mistakes in the bounds of memory."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

MEMORY = (
    Slip(
        "a worker does not hear of the credentials of others",
        f"{_P}/collect/redaction.py",
        "            self._keep(self._share(()))",
        "            pass",
        "collect/test_exchange.py",
    ),
    Slip(
        "a worker tells nobody of its credentials",
        f"{_P}/collect/redaction.py",
        "            self._keep(self._share(new))",
        "            pass",
        "collect/test_exchange.py",
    ),
    Slip(
        "PostgreSQL's session goes to whatever certificate is shown",
        f"{_P}/sources/postgres/tls.py",
        "            require(connection, pin)\n",
        "",
        "sources/postgres/test_certificate.py",
    ),
    Slip(
        "the memory of a run has no bound",
        f"{_P}/transport/memory.py",
        "            if needed > self.room:\n                raise self._too_big(target)",
        "            pass",
        "transport/test_memory.py",
    ),
    Slip(
        "an answer may take what it leaves to nobody",
        f"{_P}/transport/link.py",
        "self._memory.require(held, self.target.id)",
        "self._memory.require(more, self.target.id)",
        "transport/test_memory.py",
    ),
    Slip(
        "nothing is set apart for what a document becomes",
        f"{_P}/transport/web.py",
        "        link.unfold(body, ",
        "        str(body or ",
        "transport/test_web.py",
    ),
    Slip(
        "a wide letter counts as one byte",
        f"{_P}/transport/memory.py",
        "_PER_WIDE_BYTE if wide else _PER_BYTE",
        "_PER_BYTE",
        "transport/test_memory.py",
    ),
    Slip(
        "Redis may send a list of any length",
        f"{_P}/transport/portion.py",
        "if self._count > self._most:",
        "if False:",
        "transport/test_memory.py memory",
    ),
    Slip(
        "what frames a body is not counted",
        f"{_P}/transport/web_connection.py",
        "            received(count)",
        "            pass",
        "transport/test_web.py",
    ),
    Slip(
        "a check never ends, whatever it finds",
        f"{_P}/examine/examination.py",
        "if self._size >= self.most:",
        "if False:",
        "examine/test_many.py",
    ),
    Slip(
        "later items of a run have as many findings as the first",
        f"{_P}/hooks/running.py",
        " // sharing - found",
        "",
        "examine/test_many.py",
    ),
)
