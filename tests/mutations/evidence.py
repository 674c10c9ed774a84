"""Mistakes in what a run leaves, and in who believes it."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

EVIDENCE = (
    Slip(
        "a run decides on facts before they were made harmless, a replay on those after it",
        f"{_P}/evidence/kept.py",
        "if not (self.ask.exact and kept == encoded):",
        "if not self.ask.exact:",
        "evidence",
    ),
    Slip(
        "a line of a file that others wrote is taken for a part of its list",
        f"{_P}/evidence/kept.py",
        'not (left.startswith(_FIRST) and left.endswith(b","))',
        "not left",
        "evidence",
    ),
    Slip(
        "a run decides on facts of whatever form, a replay on those of the ask's",
        f"{_P}/evidence/kept.py",
        "if not (self.ask.exact and kept == encoded):",
        "if kept != encoded:",
        "evidence",
    ),
    Slip(
        "the journal's lines are not chained",
        f"{_P}/evidence/journal.py",
        "entry.n != number - 1 or entry.prev != prev or",
        "entry.n != number - 1 or",
        "evidence",
    ),
    Slip(
        "a line's hash is not looked at",
        f"{_P}/evidence/journal.py",
        " or entry.hash != entry.computed():",
        ":",
        "evidence",
    ),
    Slip(
        "a hash does not cover what came before",
        f"{_P}/evidence/journal.py",
        'f"{n}\\n{prev}\\n{kind}\\n".encode()',
        'f"{n}\\n{kind}\\n".encode()',
        "evidence",
    ),
    Slip(
        "a file that the manifest does not list is welcome",
        f"{_P}/evidence/verify.py",
        '    for name in sorted(there - found.files.keys()):\n        return f"{name} is not in {manifest.NAME}"\n',
        "",
        "evidence",
    ),
    Slip(
        "digests are not compared",
        f"{_P}/evidence/verify.py",
        "if plain.digest(folder / name) != wanted:",
        "if False:",
        "evidence",
    ),
    Slip(
        "links are followed",
        f"{_P}/evidence/plain.py",
        "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.O_RDONLY | os.O_NONBLOCK",
        "evidence",
    ),
    Slip(
        "a bomb unpacks",
        f"{_P}/evidence/plain.py",
        '            if left < 0:\n                raise NotPlain(f"{path.name} unpacks',
        '            if False:\n                raise NotPlain(f"{path.name} unpacks',
        "evidence",
    ),
    Slip(
        "a run without an end is complete",
        f"{_P}/evidence/verify.py",
        'if reading.torn or not any(True for _ in reading.of("end")):',
        "if reading.torn:",
        "evidence",
    ),
    Slip(
        "the chain forks unseen",
        f"{_P}/evidence/verify.py",
        "if len(same) > 1:",
        "if len(same) > 99:",
        "evidence",
    ),
    Slip(
        "a replay does not look at its source",
        f"{_P}/hooks/running.py",
        "unsound = verdict if verdict and not verdict.sound else None",
        "unsound = None",
        "hooks/test_replay.py",
    ),
    Slip(
        "git may start what a repository names",
        f"{_P}/evidence/provenance.py",
        '"core.fsmonitor=false", ',
        "",
        "evidence",
    ),
)
