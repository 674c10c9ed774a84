"""The memory of a run: who may take how much of it, and who waits."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from opsproof.model.failure import TooBig
from opsproof.model.target import Budget
from opsproof.testing.links import RecordingLink, memory_of_answers, target_of
from opsproof.transport.memory import PROTOBUF, WORDS, Memory
from opsproof.transport.portion import Portion


def memory(most: int = 300_000_000, held: int = 75_000_000) -> Memory:
    """150 MB of room where nothing else is said."""
    return Memory(most, lambda: held)


def test_three_quarters_are_for_answers() -> None:
    assert memory().room == 150_000_000


def test_more_than_is_left_is_too_big_and_our_own_side() -> None:
    memory().require(150_000_000, "t")
    with pytest.raises(TooBig, match="300 MB of a run") as refused:
        memory().require(150_000_001, "t")
    assert (refused.value.own, refused.value.target) == (True, "t")


def test_what_is_set_apart_is_not_left_for_others() -> None:
    shared = memory()
    shared.claim(100_000_000, "t", time.monotonic())
    with pytest.raises(TooBig):
        shared.require(60_000_000, "u")
    shared.release(100_000_000)
    assert shared.room == 150_000_000


def test_who_finds_it_set_apart_waits_until_it_is_given_back() -> None:
    shared = memory()
    shared.claim(100_000_000, "t", time.monotonic())
    waiting = threading.Thread(target=shared.claim, args=(100_000_000, "u", time.monotonic() + 60))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    shared.release(100_000_000)
    waiting.join(120)
    assert shared.room == 50_000_000


def test_nobody_waits_past_the_deadline() -> None:
    shared = memory()
    shared.claim(100_000_000, "t", time.monotonic())
    with pytest.raises(TooBig):
        shared.claim(100_000_000, "u", time.monotonic())


def test_a_document_is_counted_by_its_values_where_the_worst_would_not_fit() -> None:
    few, many = b'["' + b"x" * 1_000_000 + b'"]', b"[" + b"{}," * 333_333 + b"{}]"
    assert memory().unfolded(few) == 64 * len(few)  # it would fit
    tight = memory(held=215_000_000)
    assert tight.unfolded(few) < 6_000_000
    assert tight.unfolded(many) > 60_000_000


def test_one_wide_letter_may_widen_all_others() -> None:
    tight = memory(held=215_000_000)
    plain = b'["' + b"x" * 1_000_000 + b'"]'
    escaped, written = plain.replace(b"xx", b"\\u2603", 1), plain.replace(b"x", "☃".encode(), 1)
    assert tight.unfolded(escaped) > 2 * tight.unfolded(plain) < tight.unfolded(written)


def test_the_values_of_a_table_stand_between_blanks() -> None:
    tight = memory(held=215_000_000)
    assert tight.unfolded(b"a\n" * 500_000, WORDS) > 40_000_000


def test_small_things_of_protobuf_have_small_lengths() -> None:
    tight = memory(held=224_000_000)
    assert tight.unfolded(b"\x0a\0" * 500_000, PROTOBUF) > 75_000_000
    assert tight.unfolded(b"\x0a" + b"a" * 1_000_000, PROTOBUF) < 6_000_000


def test_an_answer_may_hold_no_more_than_it_leaves() -> None:
    """So that one without end ends while there is room for all others."""
    link = RecordingLink(target_of("http"), memory=memory())
    link.read(140_000_000)
    with pytest.raises(TooBig, match="memory"):
        link.read(20_000_000)


def test_what_an_ask_set_apart_is_given_back_with_its_next_request_or_pause() -> None:
    shared = memory()
    link = RecordingLink(target_of("http"), memory=shared)
    for further in (lambda: link.pause(0), lambda: link.request("GET", "/").__enter__(), link.let_go):
        link.unfold(b"x" * 1_000_000)
        assert shared.room == 150_000_000 - 64_000_000
        further()
        assert shared.room == 150_000_000


def test_who_keeps_what_is_set_apart_releases_it_by_hand() -> None:
    """A page that is still read while the next one comes."""
    shared = memory()
    link = RecordingLink(target_of("http"), memory=shared)
    link.unfold(b"[" * 1_000_000)
    room = shared.room
    release = link.keep()
    link.pause(0)
    assert shared.room == room < 150_000_000
    release()
    assert shared.room == 150_000_000


def test_a_connection_has_a_bound_of_its_own() -> None:
    portion = Portion(RecordingLink(target_of("redis", host="127.0.0.1", budget=Budget(max_bytes=100))), 10)
    portion.read(10)
    with pytest.raises(TooBig, match="more than 10 bytes"):
        portion.read(1)
    with pytest.raises(TooBig, match="more than 100 bytes"):
        Portion(RecordingLink(target_of("redis", host="127.0.0.1", budget=Budget(max_bytes=100))), 1000).read(
            101
        )


def test_what_a_process_holds_from_before_is_no_answer() -> None:
    """A team's own thousand tests in the same pytest leave its checks as much as an empty process does."""
    held = 700_000_000
    shared = Memory(400_000_000, lambda: held)
    assert shared.room == 180_000_000
    held += 100_000_000
    assert shared.room == 80_000_000


def test_what_tests_hold_is_no_answer() -> None:
    """A collector's test passes alone and after thousands of others."""
    assert Memory().room < memory_of_answers().room == Memory(resident=lambda: 0).room


@pytest.mark.skipif(sys.platform != "linux", reason="told by glibc alone")
def test_a_large_block_that_is_freed_is_the_systems_again() -> None:
    """In a process of its own: what others left free would be taken first."""
    program = (
        "from opsproof.transport.memory import _resident, lend_large_blocks\n"
        "lend_large_blocks()\n"
        "for _ in range(3):\n"
        "    before, blocks = _resident(), [bytearray(10_000_000) for _ in range(3)]\n"
        "    kept = [object() for _ in range(1000)]\n"
        "    held = _resident() - before\n"
        "    del blocks\n"
        "    assert held > 25_000_000 and _resident() - before < 5_000_000, (held, _resident() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "" == done.stderr
