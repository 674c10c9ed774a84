"""An application's database with its dumps, and a drill that restores them on the same real server."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from opsproof.drill import scratch
from opsproof.drill.perform import perform
from opsproof.drill.record import Tell
from opsproof.environment.environment import Environment
from opsproof.model.target import Target
from opsproof.sources.drill.facts import Drill
from opsproof.testing.links import target_of
from tests.sources.postgres.own import Server

PATTERN = "shop-%Y%m%d-%H%M%S.sql.gz"
NEWEST = "SELECT max(made) FROM orders"
COUNTS = {"public.orders": 3, "public.items": 5}


def now() -> datetime:
    """To the second, as names of files tell it."""
    return datetime.now(timezone.utc).replace(microsecond=0)


ORDERED = now() - timedelta(hours=7)


@dataclass(frozen=True)
class Shop:
    server: Server
    folder: Path

    @property
    def dumps(self) -> Path:
        return self.folder / "dumps"

    @property
    def records(self) -> Path:
        return self.folder / "records"

    def create(self) -> None:
        self.dumps.mkdir()
        self.server.run("DROP DATABASE IF EXISTS shop WITH (FORCE)", "CREATE DATABASE shop OWNER app")
        self.run(
            "CREATE TABLE orders (id int PRIMARY KEY, made timestamptz)",
            "CREATE TABLE items (id int PRIMARY KEY, note text)",
            *(f"ALTER TABLE {name} OWNER TO app" for name in ("orders", "items")),
            *(
                f"INSERT INTO orders VALUES ({day}, '{ORDERED - timedelta(days=day):%F %T}+00')"
                for day in range(3)
            ),
            *(f"INSERT INTO items VALUES ({n}, E'a \\\\ line\\n\\\\! {n}')" for n in range(5)),
        )

    def forget(self) -> None:
        self.server.run("DROP DATABASE IF EXISTS shop WITH (FORCE)")

    def run(self, *statements: str) -> None:
        with self.server.connect(database="shop") as session:
            for statement in statements:
                session.execute(statement.encode())

    def dump(self, *words: str, database: str = "shop") -> bytes:
        """As a backup job makes it."""
        where = ("-h", str(self.server.folder), "-p", str(self.server.port), "-U", "postgres")
        return subprocess.run(["pg_dump", *where, *words, database], check=True, capture_output=True).stdout

    def keep(
        self, content: bytes, *, made: datetime = ORDERED, counts: dict[str, int] | None = COUNTS
    ) -> Path:
        """A dump's file as it is, and the counts beside it."""
        path = self.dumps / made.strftime(PATTERN)
        path.write_bytes(content)
        if counts is not None:
            path.with_name(f"{path.name}.counts.json").write_text(json.dumps(counts))
        return path

    def backup(self, **more: Any) -> Path:
        return self.keep(gzip.compress(self.dump()), **more)

    @property
    def system(self) -> str:
        return str(self.server.run("SELECT system_identifier::text FROM pg_control_system()")[0][0])

    @property
    def scratch_settings(self) -> dict[str, Any]:
        settings = self.server.target().settings
        names = ("host", "port", "database", "sslmode")
        return {
            **{name: getattr(settings, name) for name in names},
            "user": "drill",
            "password": {"file": str(self.server.folder / "password")},
            "ca": str(settings.ca),
            "identity": {"system-identifier": self.system},
        }

    @property
    def drill_settings(self) -> dict[str, Any]:
        return {
            "records": str(self.records),
            "dumps": {"folder": str(self.dumps), "pattern": PATTERN},
            "into": self.scratch_settings,
            "owner": "app",
            "newest": NEWEST,
            "counts": "{name}.counts.json",
        }

    def target(self, **more: Any) -> Target:
        return target_of("drill", **{**self.drill_settings, **more})

    def drill(
        self, environments: Iterable[Environment] = (), tell: Tell = lambda step: None, **more: Any
    ) -> Drill:
        """`tell`: what happens when a step begins."""
        target = self.target(**more)
        return perform(target, scratch.proven(target, environments), tell)

    @property
    def databases(self) -> set[str]:
        """Those that a drill left behind."""
        return {str(row[0]) for row in self.server.run("SELECT datname::text FROM pg_database")} - {
            "postgres",
            "template0",
            "template1",
            "shop",
        }
