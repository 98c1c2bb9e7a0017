"""The process whose forks the workers are; it is started before anything else is loaded."""

from __future__ import annotations

from dnne_ros.jobs.work.processes import python_path
from dnne_ros.runtime.coordination.spawned_fork_server import SpawnedForkServer

_PRELOAD = ("dnne_ros.jobs.work.worker",)


def warm_server() -> SpawnedForkServer:
    """Start it; it loads the engine, which takes a second, while the caller does other things."""
    return SpawnedForkServer(_PRELOAD, python_path())
