"""References to secrets and files, which a configuration holds in place of the secrets themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import GetCoreSchemaHandler, PlainValidator, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from opsproof.environment.shape import described, refuse
from opsproof.model.failure import NotConfigured

_VARIABLE = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
WRITE = "write {env: NAME} or {file: PATH}"


class SecretRef(msgspec.Struct, frozen=True):
    """Where a secret is: an environment variable or a file. Its `repr` shows only that."""

    env: str = ""
    file: str = ""
    folder: Path = Path()

    @property
    def path(self) -> Path | None:
        """The file, for libraries that want a path. None for an environment variable."""
        return located(self.file, self.folder) if self.file else None

    def __str__(self) -> str:
        return f"environment variable {self.env}" if self.env else f"file {self.file}"

    def missing(self) -> str:
        """Why the secret cannot be had, or empty. Looks only whether it is there."""
        if self.env:
            return "" if os.environ.get(self.env) else f"environment variable {self.env} is not set"
        return missing_path(self.file, self.folder)

    def read(self) -> str:
        """The secret itself, without the line break at its end.

        Raises:
            NotConfigured: it is not there; the message names the reference.
        """
        if why := self.missing():
            raise NotConfigured(why)
        try:
            text = os.environ[self.env] if self.env else located(self.file, self.folder).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotConfigured(f"{self} cannot be read ({type(error).__name__})") from None
        return text.rstrip("\r\n")

    def texts(self) -> list[str]:
        """The secret itself, for a reference that may name several. Raises NotConfigured."""
        return [self.read()]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls._parse)

    @classmethod
    def _parse(cls, given: object, info: core_schema.ValidationInfo) -> SecretRef:
        if isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            refuse(f"a secret in the file ({described(given)}) is not accepted", WRITE)
        if len(given) != 1 or not set(given) <= {"env", "file"}:
            refuse("needs exactly one of env and file", WRITE)
        ((kind, text),) = given.items()
        if not isinstance(text, str) or not text.strip():
            refuse(f"{kind} needs text, found {described(text)}", WRITE)
        if kind == "env" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
            refuse("not a name of an environment variable", WRITE)
        return cls(**{kind: text}, folder=_folder(info))


class Files(SecretRef, frozen=True):
    """As many files as a list of paths names, as with PATH; those of them that are there."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Each file once. None for an environment variable."""
        if not self.file:
            return ()
        whole = located(self.file, self.folder)
        if whole.is_file():
            return (whole,)
        listed = (
            self.folder / Path(part).expanduser() for part in _filled(self.file).split(os.pathsep) if part
        )
        return tuple(dict.fromkeys(path for path in listed if path.is_file()))

    def missing(self) -> str:
        paths = self.paths
        if not paths:
            return super().missing()
        return next((f"file {path} may not be read" for path in paths if not os.access(path, os.R_OK)), "")

    def texts(self) -> list[str]:
        """What stands in each. Raises NotConfigured."""
        if not self.paths:
            return [self.read()]
        return [SecretRef(file=str(path)).read() for path in self.paths]


def _folder(info: core_schema.ValidationInfo | ValidationInfo) -> Path:
    return Path(info.context) if info.context else Path()


def located(text: str, folder: Path) -> Path:
    """The path that `text` means: `${env:NAME}` and `~` replaced, relative ones taken from `folder`."""
    return folder / Path(_filled(text)).expanduser()


def _filled(text: str) -> str:
    return _VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[0], text)


def missing_path(text: str, folder: Path) -> str:
    """Why there is no readable file at `text`, or empty."""
    for name in _VARIABLE.findall(text):
        if not os.environ.get(name):
            return f"environment variable {name} is not set"
    found = located(text, folder)
    if not found.is_file():
        if os.pathsep in str(found) and all(Path(one).is_file() for one in str(found).split(os.pathsep)):
            return f"{text} is a list of files, and one is needed: name it"
        return f"file {text} is not there"
    return "" if os.access(found, os.R_OK) else f"file {text} may not be read"


def _path(given: object, info: ValidationInfo) -> Path:
    if not isinstance(given, str) or not given.strip():
        refuse(f"needs a path, found {described(given)}")
    return located(given, _folder(info))


FilePath = Annotated[Path, PlainValidator(_path)]
