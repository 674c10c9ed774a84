"""Which environments there are, by the names of their files alone: nothing is opened."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Index(msgspec.Struct, frozen=True):
    """The folder of systems: `<system>/environments/<name>.yaml`."""

    folder: Path

    def named(self, name: str) -> tuple[str, ...]:
        """The ids that `system/environment` names, or `environment`, in every system that has it."""
        system, slash, environment = name.rpartition("/")
        if slash:
            return (name,) if self._has(system, environment) else ()
        return tuple(f"{one}/{name}" for one in self.systems() if self._has(one, name))

    def ids(self) -> tuple[str, ...]:
        """All of them, as `system/environment`."""
        return tuple(
            f"{system}/{file.stem}"
            for system in self.systems()
            for file in sorted((self.folder / system / "environments").glob("*.yaml"))
        )

    def systems(self) -> tuple[str, ...]:
        """The names of all folders of systems."""
        if not self.folder.is_dir():
            return ()
        return tuple(
            path.name
            for path in sorted(self.folder.iterdir())
            if path.is_dir() and not path.name.startswith((".", "_"))
        )

    def _has(self, system: str, environment: str) -> bool:
        plain = all(part == Path(part).name for part in (system, environment))
        return plain and (self.folder / system / "environments" / f"{environment}.yaml").exists()
