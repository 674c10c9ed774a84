"""An Alertmanager: alerts, silences, the tree of routes."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="Alertmanager",
    settings="opsproof.sources.alertmanager.settings:AlertmanagerSettings",
    collector="opsproof.sources.alertmanager.collector:AlertmanagerCollector",
    tags="alertmanager/",
    rights="opsproof.sources.alertmanager.rights:RIGHTS",
    install="opsproof",
)
