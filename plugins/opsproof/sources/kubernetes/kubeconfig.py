"""What a kubeconfig says: its contexts, and the server and user of each. Nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from opsproof.environment.references import Files
from opsproof.model.failure import NotConfigured

_SECTIONS = {"contexts": "context", "clusters": "cluster", "users": "user"}
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def document(reference: Files) -> dict[str, Any]:
    """The kubeconfig, of several files merged as kubectl does: of each name the first entry, whole.

    Paths in it are taken from the folder of the file that they stand in.

    Raises:
        NotConfigured: it is not there, or it is none.
    """
    name = str(reference)
    paths: Sequence[Path | None] = reference.paths or (None,)
    files = [_read(text, path, name) for text, path in zip(reference.texts(), paths, strict=True)]
    merged: dict[str, Any] = {section: list(_first(files, section)) for section in _SECTIONS}
    merged["current-context"] = next(filter(None, (file.get("current-context") for file in files)), "")
    if not merged["contexts"] or not merged["clusters"]:
        raise NotConfigured(f"the kubeconfig ({name}) names no contexts and clusters")
    return merged


def _read(text: str, path: Path | None, name: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError:
        raise NotConfigured(f"the kubeconfig ({path.name if path else name}) is not YAML") from None
    if not isinstance(config, dict):
        return {}
    if path is not None:
        _resolve(config, path)
    return config


def _resolve(config: dict[str, Any], path: Path) -> None:
    """Make paths absolute, and note beside each user which file it is of."""
    for section, inner in _SECTIONS.items():
        for one in _named(config, section):
            content = one.get(inner)
            if not isinstance(content, dict):
                continue
            for key in _PATHS:
                if isinstance(content.get(key), str) and content[key]:
                    content[key] = str(path.parent / content[key])
            plugin = content.get("exec")
            if isinstance(plugin, dict) and "/" in str(plugin.get("command", "")):
                plugin["command"] = str(path.parent / str(plugin["command"]))
            one["file"] = str(path)


def _named(config: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    entries = config.get(section)
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _first(files: Sequence[Mapping[str, Any]], section: str) -> Iterator[dict[str, Any]]:
    known: set[str] = set()
    for file in files:
        names = {str(one.get("name")) for one in _named(file, section)}
        yield from (one for one in _named(file, section) if str(one.get("name")) not in known)
        known |= names


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
