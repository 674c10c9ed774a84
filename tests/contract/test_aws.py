"""An account of AWS keeps the collector contract."""

from __future__ import annotations

from typing import Any

import pytest

from opsproof.sources.aws.facts.balancers import LoadBalancerOf
from opsproof.sources.aws.facts.caches import ReplicationGroupOf
from opsproof.sources.aws.facts.databases import DatabaseBackupsOf, DatabaseOf
from opsproof.sources.aws.facts.vaults import VaultOf
from opsproof.testing.contract import CollectorContract
from tests.contract.aws_wire import NAME, Aws


class _Aws(CollectorContract):
    kind = "aws"
    spoken = Aws()

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {
            "region": "eu-west-1",
            "endpoint": f"http://127.0.0.1:{port}",
            "access_key": {"file": secret},
            "secret_key": {"file": secret},
        }


class TestDatabase(_Aws):
    ask = DatabaseOf(target="aws:test", name=NAME)


@pytest.mark.slow
class TestDatabaseBackups(_Aws):
    ask = DatabaseBackupsOf(target="aws:test", name=NAME)


@pytest.mark.slow
class TestReplicationGroup(_Aws):
    ask = ReplicationGroupOf(target="aws:test", name=NAME)


@pytest.mark.slow
class TestLoadBalancer(_Aws):
    """One of its requests that is refused is a gap of the facts, and the others decide."""

    ask = LoadBalancerOf(target="aws:test", name=NAME)


@pytest.mark.slow
class TestVault(_Aws):
    ask = VaultOf(target="aws:test", name=NAME)
