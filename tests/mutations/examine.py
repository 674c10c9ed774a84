"""Mistakes in how one subject is decided."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

EXAMINE = (
    Slip(
        "a crash of a check passes",
        f"{_P}/examine/examination.py",
        "            self._undecided(who, crashed, block.level or self.level)\n",
        "            self.passing.append(block.subject)\n",
        "examine",
    ),
    Slip(
        "a grace without end",
        f"{_P}/model/moment.py",
        "return clock.as_of < self.until(grace)",
        "return True",
        "examine model",
    ),
    Slip(
        "a clock that is far off is trusted",
        f"{_P}/model/moment.py",
        "return self.skew is None or abs(self.skew) <= SKEW_TRUSTED",
        "return True",
        "examine model",
    ),
    Slip(
        "an answer's clock is ours",
        f"{_P}/evidence/store.py",
        "Clock(self.clock or self.answered, self.target, self.skew)",
        "Clock(self.answered, self.target, None)",
        "evidence examine collect hooks",
    ),
    Slip(
        "nothing examined passes",
        f"{_P}/examine/decide.py",
        "    if examine.nothing_examined:\n        _empty(item, looked, examine)\n",
        "    if examine.nothing_examined:\n        examine.passing.append(item.requirement)\n",
        "examine",
    ),
    Slip(
        "empty is good without any proof of life",
        f"{_P}/examine/decide.py",
        'elif item.when_empty == "pass" and examine.control_answered:',
        'elif item.when_empty == "pass":',
        "examine",
    ),
    Slip(
        "a gap of a listing is passed over",
        f"{_P}/examine/decide.py",
        "    _add_gaps(arguments.values(), examine)\n",
        "",
        "examine checks/health",
    ),
    Slip(
        "a gap over the whole cluster is none of its namespaces'",
        f"{_P}/model/listing.py",
        "self._lacking.get(scope) or self._lacking.get(WHOLE)",
        "self._lacking.get(scope)",
        "model checks sources/kubernetes examine",
    ),
    Slip(
        "a second gap of a scope overwrites the first",
        f"{_P}/model/listing.py",
        "tuple(dict.fromkeys(gaps))",
        "tuple({gap.scope: gap for gap in gaps}.values())",
        "examine",
    ),
    Slip(
        "what a partly refused ask lacks is forgotten",
        f"{_P}/evidence/store.py",
        "clocked(facts, clock), None, clock, recorded.gaps)",
        "clocked(facts, clock), None, clock)",
        "collect",
    ),
    Slip(
        "a part of an answer is taken for the whole",
        f"{_P}/model/argument.py",
        "        for gap in self.gaps:\n            raise raised_from(gap)\n",
        "",
        "examine collect",
    ),
    Slip(
        "a value that is no number keeps its limit",
        f"{_P}/examine/bound.py",
        "value is None or math.isnan(value)",
        "value is None",
        "examine",
    ),
    Slip(
        "an age by one of two clocks is believed",
        f"{_P}/examine/bound.py",
        "isinstance(value, Age) and (broken is None) != limit.allows(value.least)",
        "False",
        "examine",
    ),
    Slip(
        "what is wrong beside a value takes the value's step",
        f"{_P}/examine/bound.py",
        "if self.beside else level",
        "if not self.level else level",
        "examine",
    ),
    Slip(
        "a clock hours off excuses what it calls young",
        f"{_P}/model/moment.py",
        "return None if clock.latest < self.at + grace else False",
        "return clock.as_of < self.until(grace)",
        "model examine",
    ),
    Slip(
        "a moment in the future is excused until it comes",
        f"{_P}/model/moment.py",
        "        if self.at > clock.as_of + timedelta(seconds=SKEW_TRUSTED):\n            return None\n",
        "",
        "model",
    ),
    Slip(
        "pytest.skip in a check passes",
        f"{_P}/examine/examination.py",
        "            self._undecided(who, skipped, block.level or self.level)\n",
        "            self.passing.append(block.subject)\n",
        "examine",
    ),
    Slip(
        "who passed is not kept",
        f"{_P}/evidence/passing.py",
        "map(redacted, chain([heading], _encoded(lines)))",
        "map(redacted, [heading])",
        "evidence",
    ),
    Slip(
        "every failed assert takes the step's level",
        f"{_P}/examine/examination.py",
        "error.level_for(own) if isinstance(error, Broken) else own",
        "own",
        "examine",
    ),
    Slip(
        "a strict bound lets its own value through",
        f"{_P}/model/limits.py",
        "return not (value < bound if strict else value <= bound)",
        "return not value <= bound",
        "model examine",
    ),
    Slip(
        "assertions that do nothing are accepted",
        f"{_P}/hooks/canary.py",
        "        return __debug__\n    return False",
        "        return True\n    return True",
        "hooks/test_canary.py",
    ),
)
