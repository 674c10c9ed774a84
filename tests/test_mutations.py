"""The mutations fit the code as it stands: `python -m tests.mutations` tries them, one by one."""

from __future__ import annotations

import ast

import pytest

from tests.mutations.mutation import ROOT, Mutation
from tests.mutations.seams import MUTATIONS


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[one.name for one in MUTATIONS])
def test_a_mutation_fits_one_place_and_makes_other_code(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text()
    assert ast.dump(ast.parse(mutation.applied(text))) != ast.dump(ast.parse(text))
    assert all((ROOT / path).exists() for path in mutation.paths)


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len({one.name for one in MUTATIONS}) == len(MUTATIONS) >= 51
