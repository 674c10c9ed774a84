"""Of a ConfigMap only the named keys are kept, whatever else it holds."""

from __future__ import annotations

from typing import Any

import msgspec

from opsproof import Limits
from opsproof.model.rights import Need
from opsproof.sources.kubernetes.config_values import (
    SET,
    ConfigKeys,
    ConfigKeysOf,
    ConfigOf,
    ConfigValues,
    ConfigValuesOf,
)
from tests.checks.contexts import Row

ASK = ConfigValuesOf(target="kubernetes:x", namespace="shop", name="api-config", keys=("SIZE", "NONE"))


def read(data: Any) -> ConfigValues:
    body = {"kind": "ConfigMap", "metadata": {"name": "api-config", "namespace": "shop"}, "data": data}
    return msgspec.json.decode(msgspec.json.encode(body), type=ConfigValues)


def test_other_keys_are_dropped() -> None:
    (kept,) = ASK.kept([read({"SIZE": "20", "PASSWORD": "planted-secret"})])
    assert kept.data == {"SIZE": "20"}
    assert (kept.value("SIZE"), kept.value("NONE"), kept.value("PASSWORD")) == ("20", None, None)


def test_an_empty_one_has_no_values() -> None:
    (kept,) = ASK.kept([read(None)])
    assert kept.value("SIZE") is None


def test_the_right_is_to_get_that_one() -> None:
    assert ASK.needs == (Need("get", "configmaps", "shop", "api-config"),)


class _Pool(Limits):
    config: str = ""
    keys: dict[str, str] = {"size": "SIZE", "again": "SIZE"}


def test_a_row_asks_for_the_keys_that_it_names_and_without_a_name_for_nothing() -> None:
    source = ConfigOf("config", "keys")
    (ask,) = source.asks(Row(limits=_Pool(config="shop/api-config")))
    assert ask == ConfigValuesOf(target="kubernetes:x", namespace="shop", name="api-config", keys=("SIZE",))
    assert source.asks(Row(limits=_Pool())) == ()
    assert source.assemble([], Row(limits=_Pool())) is None


KEYS = ConfigKeysOf(
    target="kubernetes:x", namespace="shop", name="api-config", keys=("SIZE", "EMPTY", "NONE")
)


def test_of_keys_alone_only_that_there_is_something_is_kept() -> None:
    (kept,) = KEYS.kept([read({"SIZE": "planted-secret", "EMPTY": " ", "PASSWORD": "planted-secret"})])
    assert kept.data == {"SIZE": SET}
    assert KEYS.needs == ASK.needs
    assert KEYS.digest != ASK.digest


class _Named(Limits):
    config: str = ""
    keys: tuple[str, ...] = ("SIZE", "ALSO", "SIZE")


def test_a_row_asks_which_of_its_keys_there_are() -> None:
    source = ConfigKeys("config", "keys")
    (ask,) = source.asks(Row(limits=_Named(config="shop/api-config")))
    wanted = ConfigKeysOf(target="kubernetes:x", namespace="shop", name="api-config", keys=("ALSO", "SIZE"))
    assert (ask, source.asks(Row(limits=_Named()))) == (wanted, ())
