"""RabbitMQ, by its management API: queues, consumers, alarms."""

from opsproof.sdk import SourceKind

SOURCE = SourceKind(
    title="RabbitMQ",
    settings="opsproof_rabbitmq.settings:RabbitmqSettings",
    collector="opsproof_rabbitmq.collector:RabbitmqCollector",
    tags="rabbitmq/",
    rights="opsproof_rabbitmq.rights:RIGHTS",
    install="opsproof-rabbitmq",
)
