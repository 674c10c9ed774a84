"""The words of health documents, as data: which say well, impaired or down, and whose they are."""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """What a component says of itself."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNCLEAR = "unclear"  # a word or shape that is not known; it is not kept


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


WORST = [State.DOWN, State.UNCLEAR, State.DEGRADED, State.OK]

# Whose the words are, and the words for well, impaired and down.
_WORDS = (
    ("Spring Boot actuator, MicroProfile Health", "up", "", "down out_of_service"),
    ("ASP.NET health checks", "healthy", "degraded", "unhealthy"),
    ("IETF health+json", "pass ok", "warn", "fail error"),
    ("GitLab", "ok", "", "failed"),
    ("django-health-check", "working", "warning", "unavailable unexpected_result unknown_error"),
    ("Kafka Connect", "running", "paused restarting", "failed stopped unassigned destroyed"),
    ("Consul, Nagios", "passing", "warning", "critical"),
    ("Elasticsearch, OpenSearch", "green", "yellow", "red"),
    ("Kubernetes, gRPC health", "ready true serving", "", "not_ready false not_serving"),
    ("systemd", "active", "reloading activating deactivating", "inactive failed dead"),
    (
        "applications of all kinds",
        "okay passed available connected online alive operational good success successful reachable normal",
        "partial slow impaired starting recovering maintenance",
        "nok ko not_ok errored failing failure fatal offline disconnected not_connected unreachable "
        "not_reachable not_available not_healthy timeout timed_out broken outage major_outage crashed bad "
        "not_running not_working",
    ),
)
BY_WORD = {
    word: state
    for _, ok, degraded, down in _WORDS
    for state, words in ((State.OK, ok), (State.DEGRADED, degraded), (State.DOWN, down))
    for word in words.split()
}

# What drivers and resolvers say in a sentence when there is no connection: Go, Java, Node, libc, Python.
NO_CONNECTION = (
    "connection refused",
    "connection reset",
    "connection timed out",
    "connect timed out",
    "i/o timeout",
    "no route to host",
    "no such host",
    "name or service not known",
    "could not connect",
    "cannot connect",
    "unable to connect",
    "failed to connect",
    "econnrefused",
    "econnreset",
    "etimedout",
    "enotfound",
)

# Members that hold the state of the thing they stand in. The first ones always; the others may be data.
STATES = (
    "status", "state", "outcome", "health", "healthy", "ishealthy", "is_healthy", "overall", "overall_status",
    "overallstatus", "health_status", "healthstatus",
)  # fmt: skip
WEAK_STATES = ("ok", "up", "result", "available", "connected", "reachable", "alive", "ready")

# Members that list components; those of the second kind may hold other things, too.
LISTS = (
    "components",
    "dependencies",
    "checks",
    "services",
    "subsystems",
    "tasks",
    "health_checks",
    "healthchecks",
)
MIXED = ("details", "entries", "results", "health", "status", "info", "error", "data", "indicators")
# A list in here that is not empty says what is down.
COMPLAINTS = ("errors", "failures", "failed", "unhealthy", "down", "unavailable", "failing")
NAMES = ("name", "component", "componentname", "service", "dependency", "checkid", "id", "key")

# Members that describe the application, and not something that it depends on.
ABOUT = _set(
    "name service service_id serviceid service_name servicename app application app_name component description "
    "title version release release_id releaseid revision commit commit_id commit_sha git_commit sha build "
    "build_id build_time branch tag tags image time timestamp date datetime now checked_at last_checked "
    "started_at start_time uptime duration total_duration totalduration latency host hostname node pod instance "
    "container ip address url uri path env environment stage region zone datacenter cluster cluster_name "
    "namespace tenant worker_id links link notes note output message msg detail reason help documentation docs "
    "contact owner team groups labels metadata meta git type id key request_id trace trace_id correlation_id "
    "language locale runtime platform os arch go_version python_version"
)
# Members that hold a grade of something else than health: the level of a log, the mode of a server.
GRADES = (
    "level",
    "severity",
    "color",
    "colour",
    "mode",
    "policy",
    "type",
    "kind",
    "role",
    "tier",
    "code",
    "name",
)

# Things that applications depend on: a member of this name is a component whatever it holds.
DEPENDENCIES = _set(
    "database db sql postgres postgresql mysql mariadb mongo mongodb redis cache memcached queue broker rabbitmq "
    "kafka amqp nats elasticsearch opensearch search storage s3 minio disk disk_space diskspace filesystem smtp "
    "mail email ldap auth vault consul etcd zookeeper api upstream worker workers scheduler celery"
)

# Segments of a path that names a health document.
PATHS = _set(
    "health healthz healthcheck health-check health_check ready readyz readiness live livez liveness alive status "
    "actuator heartbeat"
)
