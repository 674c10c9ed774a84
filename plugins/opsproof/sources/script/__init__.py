"""Programs of the repository or of this machine that decide by their exit status."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="programs of this machine",
    settings="opsproof.sources.script.settings:ScriptSettings",
    collector="opsproof.sources.script.collector:ScriptCollector",
    tags="script/",
)
