"""Values of a ConfigMap, of the keys alone that a row names: all others are dropped where they are decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context, listing
from opsproof.model.ask import Ask
from opsproof.model.listing import Listing
from opsproof.model.rights import Need
from opsproof.model.scope import Scope, in_namespace
from opsproof.model.text import cut
from opsproof.sources.kubernetes.asks import JSON, ROLE, Resource
from opsproof.sources.kubernetes.facts.meta import KubernetesObject


class ConfigValues(KubernetesObject, frozen=True):
    """A ConfigMap with the values that were asked for."""

    kind: ClassVar[str] = "ConfigMap"
    data: dict[str, str] | None = None

    def value(self, key: str) -> str | None:
        """None for a key that it has not."""
        return (self.data or {}).get(key)


SET = "set"

# No key of RESOURCES: nobody may list ConfigMaps, which would hand over all their contents.
CONFIG_MAPS = Resource("/api/v1", "configmaps", ConfigValues, media=JSON)


class ConfigValuesOf(Ask, frozen=True, kw_only=True, tag="kubernetes/config-values"):
    """The values of `keys` in one ConfigMap: a list of one, or an empty list when it does not exist."""

    namespace: str
    name: str
    keys: tuple[str, ...]
    answer: ClassVar[Any] = list[ConfigValues]

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("get", CONFIG_MAPS.name, self.namespace, self.name),)

    def kept(self, found: list[ConfigValues]) -> list[ConfigValues]:
        """Without the keys that were not asked for."""
        return [
            msgspec.structs.replace(
                one, data={key: cut(value) for key, value in (one.data or {}).items() if key in self.keys}
            )
            for one in found
        ]


class ConfigKeysOf(ConfigValuesOf, frozen=True, kw_only=True, tag="kubernetes/config-keys"):
    """Which of `keys` the ConfigMap has with something under it; of what that is nothing is kept."""

    def kept(self, found: list[ConfigValues]) -> list[ConfigValues]:
        """Each key that has a value, with a word in its place."""
        return [
            msgspec.structs.replace(
                one, data={key: SET for key in self.keys if (one.data or {}).get(key, "").strip()}
            )
            for one in found
        ]


class ConfigKeys(msgspec.Struct, frozen=True):
    """Source: the ConfigMap that the limit `name` names as `namespace/name`, with those of the limit `keys` that it has.

    None while `name` is empty.
    """

    name: str
    keys: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        namespace, _, name = str(getattr(context.limits, self.name)).rpartition("/")
        if not name:
            return ()
        keys = tuple(sorted(set(getattr(context.limits, self.keys))))
        return (ConfigKeysOf(target=context.target(ROLE).id, namespace=namespace, name=name, keys=keys),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[ConfigValues] | None:
        return listing(answers, _scope) if answers else None


class ConfigOf(msgspec.Struct, frozen=True):
    """Source: the ConfigMap that the limit `name` names as `namespace/name`, with the keys that `keys` maps to.

    None while `name` is empty.
    """

    name: str
    keys: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        namespace, _, name = str(getattr(context.limits, self.name)).rpartition("/")
        if not name:
            return ()
        keys = tuple(sorted(set(getattr(context.limits, self.keys).values())))
        target = context.target(ROLE).id
        return (ConfigValuesOf(target=target, namespace=namespace, name=name, keys=keys),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[ConfigValues] | None:
        return listing(answers, _scope) if answers else None


def _scope(ask: Ask) -> Scope:
    return in_namespace(getattr(ask, "namespace", ""))
