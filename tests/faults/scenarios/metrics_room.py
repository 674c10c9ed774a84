"""Disks that fill, or are about to; processes, requests and limits that do not fit what is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.faults.elsewhere import limited
from tests.faults.scenario import Changes, fail, passes, scenario, unknown
from tests.faults.scenarios.metrics_between import GROUP as BETWEEN
from tests.faults.scenarios.metrics_beyond import GROUP as BEYOND
from tests.faults.scenarios.metrics_missing import GROUP as MISSING
from tests.faults.worlds import recorded
from tests.testbed.services.healthy import Gi, Mi
from tests.testbed.services.world import DAY, World

FREE, CAPACITY = "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"
NODE_FREE, NODE_READ_ONLY = "node_filesystem_avail_bytes", "node_filesystem_readonly"
CPU, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
HALF_AN_HOUR, HOUR = 1800.0, 3600.0
CLAIM = "persistentvolumeclaim"


@recorded("a node's disk, volumes and what pods may write are nearly full, inodes used up", group=BEYOND)
def full(world: World) -> tuple[World, Changes]:
    """What is reserved for root is free, and of no use: `free` still says 60 %."""
    world = world.with_value(NODE_FREE, 8 * Gi, ago=HALF_AN_HOUR, node="node-a1", mountpoint="/")
    world = world.with_value(
        "node_filesystem_files_free", 3000, ago=HALF_AN_HOUR, node="node-b1", mountpoint="/"
    )
    world = world.with_value(FREE, 0.7 * Gi, ago=HALF_AN_HOUR, namespace="accelerapp")
    models = {"namespace": "repo-scanner", CLAIM: "repo-scanner-models"}
    world = world.with_value("kubelet_volume_stats_inodes_used", 650000, ago=HALF_AN_HOUR, **models)
    for container in ("accelerapp", "repo-scanner-worker"):
        world = world.with_value("container_fs_usage_bytes", 1.9 * Gi, ago=HALF_AN_HOUR, container=container)
    nodes = ("node node-a1:/", "node node-b1:/")
    told = {"measured": "9* %", "message": "*9* % of its *needed: at most 8*"}
    volume = f"{CLAIM} accelerapp/data-postgresql-0"
    pod = "pod accelerapp/accelerapp-*/accelerapp"
    changes = {
        "SC-038": fail("medium", *nodes, **told),
        "AC-011": fail("high", *nodes, volume, **told),
        "AC-019": fail("high", *nodes, volume, pod, **told),
        "RS-051": fail(
            "medium", *nodes, f"{CLAIM} repo-scanner/repo-scanner-models",
            "pod repo-scanner/repo-scanner-worker-*/repo-scanner-worker", **told,
        ),
    }  # fmt: skip
    return world, changes


@recorded("volumes have grown for a month and for a day, and will soon be full", group=BEYOND)
def growing(world: World) -> tuple[World, Changes]:
    scanner, database = ({CLAIM: name} for name in ("repo-scanner-data", "data-postgresql-0"))
    world = world.with_course(FREE, 6 * Gi, 2.5 * Gi, ago=31 * DAY, namespace="repo-scanner", **scanner)
    world = world.with_course(FREE, 6 * Gi, 0.8 * Gi, ago=1.9 * DAY, namespace="smartcloudops", **database)
    month = {"message": "2.* of 10Gi free: full in 2[0-9]d*; needed: above *d"}
    changes = {
        "RS-079": fail("medium", f"{CLAIM} repo-scanner/repo-scanner-data", **month),
        "RS-124": fail("medium", f"{CLAIM} repo-scanner/repo-scanner-data", **month),
        "SC-083": fail(
            "medium", f"{CLAIM} smartcloudops/data-postgresql-0",
            message="*Mi of 10Gi free: full in *h*; needed: above 7d",
        ),
        "SC-031": fail(
            "critical", f"{CLAIM} smartcloudops/data-postgresql-0",
            measured="9* %", message="9* % of its bytes used; needed: at most 85 %",
        ),
    }  # fmt: skip
    return world, changes


@recorded("processes hold more memory and more open files than they should", group=BEYOND)
def processes(world: World) -> tuple[World, Changes]:
    world = world.with_value("process_resident_memory_bytes", 600 * Mi, ago=600, workload="frontend")
    world = world.with_value("process_open_fds", 900, ago=600, workload="celery-worker")
    changes = {
        "SC-109": fail(
            "low", "process smartcloudops/smartcloudops-frontend/frontend-*",
            measured="600Mi", message="holds 600Mi of memory; needed: at most 500Mi",
        ),
        "SC-035": fail(
            "low", "process smartcloudops/smartcloudops-celery/celery-worker-*",
            measured="87.89 %", message="900 files are open, 87.89 % of what it may; needed: at most 80 %",
        ),
    }  # fmt: skip
    return world, changes


@recorded(
    "for days containers used more than they request, nearly what they may, or nearly nothing", group=BEYOND
)
def sizes(world: World) -> tuple[World, Changes]:
    """It ended some hours ago: what they use now says nothing of it."""
    worker = {"namespace": "repo-scanner", "container": "repo-scanner-worker"}
    world = world.with_spell(CPU, 0.45, ago=3 * DAY, until=4 * HOUR, **worker)
    world = world.with_spell(MEMORY, 300 * Mi, ago=10 * DAY, until=4 * HOUR, **worker)
    opsforge = {"namespace": "opsforge"}
    world = world.with_spell(CPU, 0.02, ago=9 * DAY, until=4 * HOUR, container="api", **opsforge)
    world = world.with_spell(MEMORY, 400 * Mi, ago=3 * DAY, until=4 * HOUR, container="grafana", **opsforge)
    changes = {
        "RS-074": fail(
            "medium", "container repo-scanner/repo-scanner-worker/repo-scanner-worker",
            measured="9* %", message="the 95th percentile of its CPU in 7d is 4??m, 9* % of its limit; at most 70 % needed",
        ),
        "RS-106": fail(
            "low", "container repo-scanner/repo-scanner-worker/repo-scanner-worker",
            measured="117.2 %", message="*memory in 30d is 300Mi, 117.2 % of its request of 256Mi; at most 100 % needed",
        ),
        **{
            name: fail(
                level, "container opsforge/api/api", "container opsforge/grafana/grafana",
                measured="* %", message="the 95th percentile of its *request of *needed",
            )
            for name, level in {"OF-063": "medium", "OF-078": "low"}.items()
        },
    }  # fmt: skip
    return world, changes


@recorded("disks and volumes are beyond the lower limit or near it", group=BETWEEN)
def filling(world: World) -> tuple[World, Changes]:
    world = world.with_value(NODE_FREE, 18 * Gi, ago=HALF_AN_HOUR, node="node-b1", mountpoint="/")
    world = world.with_course(
        FREE, 7.5 * Gi, 5 * Gi, ago=31 * DAY, namespace="repo-scanner", **{CLAIM: "repo-scanner-data"}
    )
    uploads = {"namespace": "smartcloudops", CLAIM: "backend-uploads"}
    world = world.with_course(FREE, 6 * Gi, 3 * Gi, ago=26 * HOUR, **uploads)
    for one in world.find(FREE, **uploads):
        one.steps = [(at, free if at < world.now - 11 * HOUR else free + 2.8 * Gi) for at, free in one.steps]
    used = {"measured": "82 %", "message": "82 % of its bytes used; needed: at most 80 %"}
    node = "node node-b1:/"
    changes = {
        "SC-038": passes(),
        "AC-011": fail("high", node, **used),
        "AC-019": fail("high", node, **used),
        "RS-051": fail("medium", node, **used),
        "RS-079": passes(),
        "RS-124": fail("medium", f"{CLAIM} repo-scanner/repo-scanner-data", message="5Gi of 10Gi free: full in 6*d*"),
        "SC-083": unknown(
            "medium", f"{CLAIM} smartcloudops/backend-uploads",
            message="*Gi were freed about * ago: if that does not recur, it is full in *d*; needed: above 7d",
        ),
    }  # fmt: skip
    return world, changes


@recorded("a process is a little beyond its memory, others are near their limits", group=BETWEEN)
def near(world: World) -> tuple[World, Changes]:
    world = world.with_value("process_resident_memory_bytes", 499 * Mi, ago=600, workload="frontend")
    world = world.with_value("process_resident_memory_bytes", 501 * Mi, ago=600, workload="celery-worker")
    world = world.with_value("process_open_fds", 800, ago=600, workload="frontend")
    changes = {
        "SC-109": fail("low", "process smartcloudops/smartcloudops-celery/celery-worker-*", measured="501Mi"),
        # Another scenario has the backend's targets lost.
        "SC-035": unknown("low", "job smartcloudops-backend", message="Prometheus has no target of job *"),
    }
    return world, changes


@recorded("numbers of volumes, nodes and processes are missing, or too few", group=MISSING, situation="empty")
def unmeasured(world: World) -> tuple[World, Changes]:
    world = world.without(FREE, namespace="accelerapp")
    world = world.without(NODE_FREE, node="node-b2")
    world = world.without(NODE_FREE, node="node-a2")
    world = world.with_value(
        "node_filesystem_device_error", 1, ago=HALF_AN_HOUR, node="node-a2", mountpoint="/"
    )
    world = world.without(FREE, namespace="smartcloudops", **{CLAIM: "data-postgresql-0"})
    world = world.without(
        FREE, ago=20 * HOUR, until=5 * HOUR, namespace="smartcloudops", **{CLAIM: "backend-models"}
    )
    models = {"namespace": "repo-scanner", CLAIM: "repo-scanner-models"}
    world = world.with_value(CAPACITY, 20 * Gi, ago=3 * DAY, **models)
    world = world.with_value(FREE, 16 * Gi, ago=3 * DAY, **models)
    for name in ("process_resident_memory_bytes", "process_max_fds"):
        world = world.without(name, workload="backend")
    return world, {}


@scenario(
    "what nobody measures is missed, and what was measured for a part of the time",
    group=MISSING,
    situation="empty",
)
def missed() -> Iterator[Changes]:
    """The testbed's pods and nodes are new: no grace is given to them."""
    rows = {
        "accelerapp": ("AC-011", "AC-019"),
        "smartcloudops": ("SC-031", "SC-038", "SC-083"),
        "repo-scanner": ("RS-051",),
    }
    untold = ("node node-a2:/", "node node-b2")
    claim = f"{CLAIM} accelerapp/data-postgresql-0"
    resized = unknown(
        "medium", f"{CLAIM} repo-scanner/repo-scanner-models",
        message="resized about *d* ago: the line since then covers * % of *d; needed at least 90 %",
    )  # fmt: skip
    with ExitStack() as stack:
        for system, names in rows.items():
            for name in names:
                stack.enter_context(limited(system, name, grace="0s"))
        yield {
            "AC-011": unknown("high", *untold, claim),
            "AC-019": unknown("high", *untold, claim),
            "RS-051": unknown("medium", *untold, message="*exporter *"),
            "SC-038": unknown("medium", *untold, message="*exporter *"),
            "SC-031": unknown(
                "critical", f"{CLAIM} smartcloudops/data-postgresql-0",
                message="no kubelet tells how full it is, though postgresql-0 mounts it",
            ),
            "SC-083": unknown(
                "medium", f"{CLAIM} smartcloudops/data-postgresql-0", f"{CLAIM} smartcloudops/backend-models",
            ),
            "RS-079": resized,
            "RS-124": resized,
            "SC-109": unknown(
                "low", "process smartcloudops/smartcloudops-backend/backend-*",
                message="its target tells nothing of its memory",
            ),
            "SC-035": unknown(
                "low", "process smartcloudops/smartcloudops-backend/backend-*",
                message="how many files it may open is not told",
            ),
        }  # fmt: skip


@recorded(
    "what containers used was recorded for a part of the time, or never", group=MISSING, situation="empty"
)
def short(world: World) -> tuple[World, Changes]:
    world = world.without(MEMORY, until=10 * DAY, namespace="repo-scanner")
    world = world.without(CPU, until=2 * DAY, namespace="repo-scanner")
    world = world.without("kube_pod_container_resource_requests", namespace="opsforge")
    world = world.without(CPU, namespace="accelerapp", container="postgresql")
    no_requests = unknown(
        "medium", "signal CPU use", "signal memory use",
        message="no series match kube_pod_container_resource_requests{*",
    )  # fmt: skip
    changes = {
        "RS-074": unknown(
            "medium", "signal CPU use", message="a gap in the recording: samples in *% of the last 7d"
        ),
        "RS-106": unknown(
            "low", "signal memory use", message="a gap in the recording: samples in *% of the last 30d"
        ),
        "OF-063": no_requests,
        "OF-078": unknown("low", "signal CPU use", "signal memory use", message=no_requests.message),
        "AC-132": unknown("high", "signal CPU use", message=f"no series match {CPU}*"),
    }
    return world, changes
