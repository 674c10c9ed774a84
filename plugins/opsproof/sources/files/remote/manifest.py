"""Objects of Kubernetes in YAML or JSON: what there is of which kind, and which Secrets can be read."""

from __future__ import annotations

from opsproof.sources.files.remote.form import Form

_TEXT = 16 * 2**20  # bytes that are parsed
_NAMES = 20_000
_CONTENT = frozenset({"data", "stringData"})
# What others make: nobody has to keep it, and there is much of it.
_MADE = frozenset({"Pod", "ReplicaSet", "ControllerRevision", "Event", "Endpoints", "EndpointSlice", "Lease"})


class Manifest(Form):
    """Objects of Kubernetes in YAML or JSON: kinds, names, and whether data of Secrets can be read in it."""

    def __init__(self) -> None:
        super().__init__("manifest")
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= _TEXT:
            self._parts.append(data)

    def told(self) -> dict[str, object]:
        if self._size > _TEXT:
            return {"unread": "too large to parse"}
        try:
            import yaml
        except ImportError:
            return {"unread": "python3-yaml is missing"}
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = _Objects()
        try:
            text = b"".join(self._parts).decode("utf-8-sig")
            for event in yaml.parse(text, Loader=loader):
                found.take(type(event).__name__, event)
        except (yaml.YAMLError, ValueError, RecursionError):
            # What was read so far counts: a Secret before the place that cannot be read is one.
            found.broken_off()
            return {**found.told(), "damaged": True}
        return found.told()


class _Frame:
    """A mapping or a list that is being read."""

    def __init__(self, mapping: bool) -> None:
        self.mapping = mapping
        self.key: str | None = None
        self.texts: dict[str, str] = {}
        self.meta: dict[str, str] = {}
        self.filled: set[str] = set()
        self.items = 0  # with a name and data, and without a kind: an API's list tells that once


class _Objects:
    """Follows a document's events: whatever has a kind and a name is an object, at any depth."""

    _KEPT = frozenset({"kind", "apiVersion", "name", "namespace"})

    def __init__(self) -> None:
        self._stack: list[_Frame] = []
        self._anchors: dict[str, str] = {}
        self._kinds: dict[str, int] = {}
        self._names: list[str] = []
        self._secrets = 0

    def take(self, kind: str, event: object) -> None:
        if kind in {"MappingStartEvent", "SequenceStartEvent"}:
            self._stack.append(_Frame(kind == "MappingStartEvent"))
        elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
            self._ended(self._stack.pop())
        elif kind == "ScalarEvent":
            anchor, value = getattr(event, "anchor", None), getattr(event, "value", "")
            plain = getattr(event, "style", None) in {None, ""}
            value = "" if plain and value.lower() in {"~", "null"} else value
            if anchor:
                self._anchors[anchor] = value[:500]
            self._scalar(value)
        elif kind == "AliasEvent":
            self._scalar(self._anchors.get(getattr(event, "anchor", ""), "*"))

    def _scalar(self, value: str) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.mapping and top.key is None:
            top.key = value[:500]
            return
        for frame in self._stack[-2:] if value else ():
            if frame.key is not None:
                frame.filled.add(frame.key)
        if top is not None and top.mapping and top.key is not None:
            if top.key in self._KEPT:
                top.texts[top.key] = value[:500]
            top.key = None

    def broken_off(self) -> None:
        """What is still open ends here."""
        while self._stack:
            self._ended(self._stack.pop())

    def _ended(self, frame: _Frame) -> None:
        above = self._stack[-1] if self._stack else None
        if (
            frame.mapping
            and frame.texts.get("kind")
            and frame.texts.get("apiVersion")
            and frame.meta.get("name")
        ):
            self._object(frame)
        elif frame.mapping and frame.meta.get("name") and frame.filled & _CONTENT:
            self._item()
        if frame.texts.get("kind") == "SecretList":
            self._secrets += frame.items
        if above is None or not above.mapping:
            return
        if above.key == "metadata":
            above.meta = frame.texts
        if above.key is None:
            above.key = "?"  # a mapping in the place of a key
        else:
            above.key = None

    def _object(self, frame: _Frame) -> None:
        kind = frame.texts["kind"]
        if len(self._kinds) < 500 or kind in self._kinds:
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        if kind == "Secret" and frame.filled & _CONTENT:
            self._secrets += 1
        if kind not in _MADE and len(self._names) < _NAMES:
            self._names.append("/".join((kind, frame.meta.get("namespace", ""), frame.meta["name"])))

    def _item(self) -> None:
        """One of what stands around it, if it is a list of that."""
        for frame in self._stack[-2:-1]:
            frame.items += frame.key == "items"

    def told(self) -> dict[str, object]:
        return {"kinds": self._kinds, "names": self._names, "secrets": self._secrets}
