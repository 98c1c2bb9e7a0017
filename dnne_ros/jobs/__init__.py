"""Jobs and pipelines: many runs, in order, that survive whatever is killed.

A program uses these names, each loaded when it is first asked for: ``from dnne_ros.jobs import
JobStore, JobSpec, Task, WorkerPool, Pipeline, JobContext``.
"""

from __future__ import annotations

_HOMES = {"JobStore": "store.store", "JobSpec": "description.spec", "Task": "description.spec",
          "WorkerPool": "work.pool", "Pipeline": "pipelines.pipeline",
          "JobContext": "description.functions"}


def __getattr__(name: str) -> object:
    """Load what is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
