"""How the folder of the backups is reached: as a host is, and where on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, model_validator

from opsproof.environment.references import located
from opsproof.environment.shape import Text, refuse
from opsproof.sources.host.settings import HostSettings


def _whole(given: str) -> str:
    if not given.startswith(("/", "${env:")):
        refuse("not a whole path", "write it from the root: /backups")
    return str(located(given, Path("/")))


class FilesSettings(HostSettings):
    """A folder of a host: what a host needs, or `local: true`, and `folder`. Python 3 has to be there."""

    folder: Annotated[Text, AfterValidator(_whole)]

    @model_validator(mode="after")
    def _without_sudo(self) -> FilesSettings:
        if self.sudo:
            refuse("sudo is not used for files", "let the user read the folder")
        return self
