"""A compiled template lies where Python keeps compiled modules, so that only the first report compiles it."""

from __future__ import annotations

import hashlib
import marshal
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket


class Compiled(jinja2.BytecodeCache):
    """Compiled templates of one folder, in its `__pycache__`.

    Where that cannot be written, or Python was told to write none, a template is compiled each time.

    Args:
        templates: the folder.
        maker: the module that makes their environment: with another one nothing compiled before is used.
    """

    def __init__(self, templates: Path, maker: Path) -> None:
        self.templates = templates
        self.maker = maker

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return cache_from_source(str(self.templates / name))

    def get_source_checksum(self, source: str) -> str:
        made_by = f"{jinja2.__version__}\n{self.maker.read_text()}\n"
        return hashlib.sha256((made_by + source).encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        # Whatever is wrong with the file, the template itself is there.
        with suppress(OSError, EOFError, ValueError, TypeError):
            kept, head = Path(bucket.key).read_bytes(), _head(bucket)
            if kept.startswith(head):
                bucket.code = marshal.loads(kept[len(head) :])  # noqa: S302 - as Python does with its own

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            content = _head(bucket) + marshal.dumps(bucket.code)
            SourceFileLoader("", bucket.key).set_data(bucket.key, content)


def _head(bucket: Bucket) -> bytes:
    """What a compiled template begins with: of another Python or another source it is not used."""
    return MAGIC_NUMBER + bucket.checksum.encode()
