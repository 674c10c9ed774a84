"""What a kubeconfig says: its contexts, and the server and user of each. Nothing is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from opsproof.model.failure import NotConfigured


def document(text: str, name: str) -> dict[str, Any]:
    """The kubeconfig. Raises NotConfigured for a text that is none."""
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError:
        raise NotConfigured(f"the kubeconfig ({name}) is not YAML") from None
    if not isinstance(config, dict) or not config.get("contexts") or not config.get("clusters"):
        raise NotConfigured(f"the kubeconfig ({name}) names no contexts and clusters")
    return config


def only_context(config: Mapping[str, Any]) -> str:
    """The current context changes under our feet: with several, the environment has to name one.

    Raises:
        NotConfigured: there are several.
    """
    names = [str(one.get("name")) for one in config["contexts"] if isinstance(one, dict)]
    if len(names) != 1:
        raise NotConfigured(f"the kubeconfig has several contexts; add the key `context`: {', '.join(names)}")
    return names[0]


def context_of(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The context's cluster and user, by name. Raises NotConfigured when there is no such context."""
    chosen = entry(config, "contexts", name).get("context")
    if not isinstance(chosen, dict):
        known = ", ".join(str(one.get("name")) for one in config["contexts"] if isinstance(one, dict))
        raise NotConfigured(f"the kubeconfig has no context {name!r}; it has {known}")
    return chosen


def server_of(config: Mapping[str, Any], context: str) -> str:
    """The URL of the context's cluster; empty when it has none. Raises NotConfigured as `context_of`."""
    return str(cluster_of(config, context).get("server") or "")


def cluster_of(config: Mapping[str, Any], context: str) -> dict[str, Any]:
    """The context's cluster; empty when there is none. Raises NotConfigured as `context_of`."""
    cluster = entry(config, "clusters", str(context_of(config, context).get("cluster"))).get("cluster")
    return cluster if isinstance(cluster, dict) else {}


def entry(config: Mapping[str, Any], section: str, name: str) -> dict[str, Any]:
    """The entry of a section with that name; empty when there is none."""
    entries = config.get(section) or []
    return next((one for one in entries if isinstance(one, dict) and str(one.get("name")) == name), {})
