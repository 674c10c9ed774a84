"""The example of a source outside of this repository keeps the contract that its own tests derive from."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from opsproof.testing.contract import CollectorContract
from tests.sdk.outside import EXAMPLE, importable, installed


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with importable(installed(tmp_path_factory.mktemp("packages"))):
        yield


def _tests() -> Any:
    """The example's own module of tests, as it stands."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        found = importlib.util.spec_from_file_location(
            "rabbitmq_contract", EXAMPLE / "tests/test_contract.py"
        )
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(EXAMPLE))


TestQueues: type[CollectorContract] = _tests().TestQueues
TestNodes: type[CollectorContract] = _tests().TestNodes
