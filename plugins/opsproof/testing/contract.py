"""The collector contract: what every source has to stand, as a class of tests to derive from.

    class TestRabbitmq(CollectorContract):
        kind = "rabbitmq"
        ask = AskQueues(target="rabbitmq:test")
        spoken = Web(pages)

        def settings(self, port, secret):
            return {"url": f"http://127.0.0.1:{port}", "username": "opsproof", "password": {"file": secret}}

Whatever a server does, an ask ends with facts or with a CollectionError of the right kind, never with
another exception, and not after its deadline.
"""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opsproof.environment.kinds import collector_of
from opsproof.model.ask import Ask
from opsproof.model.failure import CollectionError, Failure
from opsproof.model.target import Budget, Target, TargetReport
from opsproof.testing import faulty
from opsproof.testing.attempt import Attempt, tried
from opsproof.testing.faulty import Behaviour
from opsproof.testing.links import RecordingLink, target_of
from opsproof.testing.runs import answered
from opsproof.testing.slots import Counted, Watching
from opsproof.testing.spoken import HOSTILE, LONG, Said, Spoken, right

SECRET = "Planted-4711-by-a-server-that-echoes"  # noqa: S105
_BROKEN_OFF = right("BadAnswer", "Unreachable", "TimedOut", "TlsFailed")
_MIB = 2**20
_LONGEST_TEXT = 64 * 1024
_PLENTY = 240.0  # seconds for what does not wait for its deadline, on a busy machine


class CollectorContract:
    """Derive a class `Test<Source>` from it.

    Attributes:
        kind: the source's name.
        ask: one that `spoken` answers.
        spoken: how its servers speak.
        right: faults (by name) whose right outcome is another than the protocol's usual one.
        seconds: the deadline of an ask that gets no answer.
        patience: that of one whose wrong answer may last until then; more where a conversation is long.
        tells_clock: whether the protocol tells the server's clock.
        tells_identity: whether `identify` asks the server anything.
        sends_secret: whether the settings refer to a credential.
    """

    kind: ClassVar[str]
    ask: ClassVar[Ask]
    spoken: ClassVar[Spoken]
    right: ClassVar[dict[str, frozenset[str]]] = {}
    seconds: ClassVar[float] = 0.4
    patience: ClassVar[float] = 1
    tells_clock: ClassVar[bool] = True
    tells_identity: ClassVar[bool] = True
    sends_secret: ClassVar[bool] = True

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        """The target's keys for a server on that port; `secret` is a file that holds a credential."""
        raise NotImplementedError

    def failure_in(self, facts: Any) -> Failure | None:
        """For asks that probe: the failure that their facts hold. Facts of other asks hold none."""
        return None

    # -- the tests -----------------------------------------------------------------------------------

    def test_a_good_answer_is_facts(self, secret: str) -> None:
        """Facts of the ask's own type, which a replay reads again, and a record of each request."""
        found = self._tried(self.spoken.good(Said()), secret, seconds=_PLENTY)
        assert (self._outcome(found), found.requests != []) == ("facts", True), found.failure

    def test_the_server_tells_who_it_is(self, secret: str) -> None:
        """`identify` gives a report of this target, as far as the server tells."""
        found = self._tried(self.spoken.good(Said()), secret, seconds=_PLENTY, identify=True)
        assert isinstance(found.facts, TargetReport), found.failure
        assert (found.facts.kind, found.facts.target) == (self.kind_of_target, f"{self.kind_of_target}:test")

    def test_a_refused_connection_is_unreachable(self, secret: str) -> None:
        target = self._target(faulty.unused_port(), secret, Budget(deadline=_PLENTY))
        assert self._outcome(tried(target, self.ask, _PLENTY)) == "Unreachable"
        if self.tells_identity:
            assert tried(target, None, _PLENTY).outcome == "Unreachable"

    def test_a_server_that_hangs_ends_with_the_deadline(self, secret: str) -> None:
        assert self._outcome(self._tried(faulty.silent, secret)) == "TimedOut"

    def test_a_server_that_drips_ends_with_the_deadline(self, secret: str) -> None:
        """No single read is late: the ask as a whole is."""
        slow = faulty.dripped(self.spoken.good(Said()), self.seconds / 8)
        assert self._outcome(self._tried(slow, secret)) == "TimedOut"

    def test_a_closed_connection_is_no_answer(self, secret: str) -> None:
        assert self._outcome(self._tried(faulty.reset, secret, seconds=_PLENTY)) in _BROKEN_OFF

    def test_a_truncated_answer_is_no_answer(self, secret: str) -> None:
        """Broken off at its first byte, in the middle, and a few bytes before its end."""
        good = self.spoken.good(Said())
        total = self._bytes_of(good, secret)
        for after in sorted({1, min(20, total // 2), total // 3, total // 2, total - 8}):
            found = self._tried(faulty.cut(good, after), secret, seconds=_PLENTY)
            assert self._outcome(found) in _BROKEN_OFF, f"after {after} of {total} bytes: {found.facts}"

    def test_every_fault_of_the_protocol_has_its_kind(self, secret: str) -> None:
        """Refusals, other types, other protocols: a failure of the right kind, or facts where that is right."""
        for name, fault in self.spoken.faults().items():
            with _case(name):
                expected = self.right.get(name, fault.right)
                ends = "TimedOut" in expected
                found = self._tried(fault.behave, secret, seconds=self.patience if ends else _PLENTY)
                assert self._outcome(found) in expected, (found.failure, found.facts)
                self._told_in_words(found)

    def test_who_it_is_has_no_traceback_either(self, secret: str) -> None:
        """The same faults while it is asked who it is: a report or a failure."""
        for name, fault in self.spoken.faults().items():
            with _case(name):
                self._told_in_words(self._tried(fault.behave, secret, seconds=self.patience, identify=True))

    def test_what_is_missing_has_no_traceback_either(self, secret: str) -> None:
        """The same faults while it is asked what we may do: what is missing, or a failure."""
        collector = collector_of(self.kind_of_target)
        if not hasattr(collector, "lacks"):
            pytest.skip("no rights are needed there")
        for name, fault in self.spoken.faults().items():
            with _case(name), faulty.serving(fault.behave) as port:
                target = self._target(port, secret, Budget(deadline=self.patience))
                made = collector(target)
                try:
                    assert set(made.lacks(self.ask.needs, RecordingLink(target))) <= set(self.ask.needs)
                except CollectionError as error:
                    assert error.message.isprintable()  # noqa: PT017
                finally:
                    made.close()

    def test_an_oversized_answer_is_cut_off(self, secret: str) -> None:
        """TooBig, and neither the network nor the memory carried much more than the budget."""
        budget = Budget(max_bytes=_MIB, deadline=_PLENTY)
        for name, behave in self.spoken.oversized().items():
            with _case(name):
                meter = faulty.Meter(behave)
                tracemalloc.start()
                try:
                    found = self._tried(meter, secret, seconds=_PLENTY, budget=budget)
                    _, peak = tracemalloc.get_traced_memory()
                finally:
                    tracemalloc.stop()
                expected = self.right.get(name, right("TooBig", "BadAnswer", "Unreachable", "TlsFailed"))
                assert self._outcome(found) in expected, found.failure
                assert meter.sent < 24 * _MIB, f"{meter.sent} bytes were taken"
                assert peak < 24 * _MIB, f"{peak} bytes of memory"

    def test_hostile_texts_do_no_harm(self, secret: str) -> None:
        """Facts may hold them, as data; what is said of a failure is printable."""
        for name, text in HOSTILE.items():
            with _case(name):
                self._told_in_words(self._tried(self.spoken.good(Said(text)), secret, seconds=_PLENTY))

    def test_hostile_texts_of_who_it_is_do_no_harm(self, secret: str) -> None:
        """The same texts while it is asked who it is."""
        for name, text in HOSTILE.items():
            with _case(name):
                found = self._tried(self.spoken.good(Said(text)), secret, seconds=_PLENTY, identify=True)
                self._told_in_words(found)

    def test_a_long_text_is_cut_or_refused(self, secret: str, tmp_path: Path) -> None:
        """A run keeps no text of a server at any length; cut facts are still the ask's own."""
        self._keeps_no_text(4 * _LONGEST_TEXT, secret, tmp_path / "run")

    def test_a_text_of_ten_megabytes_is_cut_or_refused(self, secret: str, tmp_path: Path) -> None:
        """Nor one that is as long as a server likes."""
        self._keeps_no_text(LONG, secret, tmp_path / "run")

    def test_a_planted_secret_is_not_kept(self, secret: str, tmp_path: Path) -> None:
        """A server that echoes our own credential: it is in no file of the run, and in no failure."""
        if not self.sends_secret:
            pytest.skip("nothing secret is sent there")
        behaviours = {name: fault.behave for name, fault in self.spoken.faults().items() if name[0] in "45"}
        behaviours["a name"] = self.spoken.good(Said(f"name {SECRET} more"))
        behaviours["an echo"] = _echo
        for number, (name, behave) in enumerate(behaviours.items()):
            folder = tmp_path / str(number)
            with faulty.serving(behave) as port:
                self._collected(self._target(port, secret, Budget(deadline=self.patience)), folder)
            leaked = [
                path.name
                for path in folder.rglob("*")
                if path.is_file() and SECRET.encode() in _content(path)
            ]
            assert leaked == [], name

    def test_a_clock_three_minutes_off_is_told(self, secret: str) -> None:
        """The link's clock is the server's, so that no age is taken from ours."""
        if not self.tells_clock:
            pytest.skip("the protocol does not tell the server's clock")
        for minutes in (3, -3):
            said = Said(clock=datetime.now(timezone.utc) + timedelta(minutes=minutes))
            found = self._tried(self.spoken.good(said), secret, seconds=_PLENTY)
            assert found.skew is not None and abs(found.skew - 60 * minutes) < 30, found.skew

    def test_the_server_sees_no_more_at_once_than_the_budget(self, secret: str) -> None:
        """Every request holds a slot: six askers and two slots make two exchanges at most."""
        slots = Counted(2)
        watching = Watching(self.spoken.good(Said()), most=2)
        with faulty.serving(watching) as port:
            target = self._target(port, secret, Budget(deadline=_PLENTY))
            threads = [
                threading.Thread(target=tried, args=(target, self.ask, _PLENTY, slots)) for _ in range(6)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert slots.peak <= 2
        assert 1 <= watching.peak <= 2
        assert slots.taken >= 6

    # -- what they are made of -----------------------------------------------------------------------

    @pytest.fixture
    def secret(self, tmp_path: Path) -> str:
        """A file with the credential that the target refers to."""
        file = tmp_path / "credential"
        file.write_text(SECRET + "\n")
        return str(file)

    @property
    def kind_of_target(self) -> str:
        """Facts without a collector of their own live on a target of another kind."""
        return self.kind

    def _target(self, port: int, secret: str, budget: Budget) -> Target:
        return target_of(self.kind_of_target, budget=budget, **self.settings(port, secret))

    def _tried(
        self, behave: Behaviour, secret: str, *, seconds: float = 0, identify: bool = False,
        budget: Budget | None = None,
    ) -> Attempt:  # fmt: skip
        with faulty.serving(behave) as port:
            target = self._target(port, secret, budget or Budget(deadline=_PLENTY))
            return tried(target, None if identify else self.ask, seconds or self.seconds)

    def _outcome(self, found: Attempt) -> str:
        inside = self.failure_in(found.facts) if found.failure is None else None
        return inside.kind if inside is not None else found.outcome

    def _told_in_words(self, found: Attempt) -> None:
        """A failure's text is ours: printable, short, and it repeats no markup of the server's."""
        failure = found.failure
        if failure is not None:
            assert failure.message.isprintable(), repr(failure.message)
            assert len(failure.message) < 500 and "<script>" not in failure.message

    def _keeps_no_text(self, length: int, secret: str, folder: Path) -> None:
        with faulty.serving(self.spoken.good(Said("x" * length))) as port:
            self._collected(self._target(port, secret, Budget(deadline=_PLENTY)), folder)
        kept = {path.name: len(_content(path)) for path in folder.rglob("*") if path.is_file()}
        assert kept
        assert max(kept.values()) < _LONGEST_TEXT, kept

    def _bytes_of(self, good: Behaviour, secret: str) -> int:
        """What the server sends on one connection of a good conversation with the ask."""
        meter = faulty.Meter(good)
        self._tried(meter, secret, seconds=_PLENTY)
        return meter.longest

    def _collected(self, target: Target, folder: Path) -> None:
        """As a run asks: who it is first; all that is kept lies in the folder."""
        answered(folder, target, self.ask)


@contextmanager
def _case(name: str) -> Iterator[None]:
    """Names the case that fails."""
    try:
        yield
    except Exception as error:
        error.args = (f"{name}: {error}",)
        raise


def _echo(connection: Any) -> None:
    """Everything the client says comes back, as a header, as a body and as it was."""
    heard = connection.recv(65536)
    connection.sendall(faulty.http(heard, f"X-Echo: {SECRET}", f'WWW-Authenticate: Basic realm="{SECRET}"'))


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
