"""What a launch file waits for that starts others when a graph runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from launch import Event, EventHandler, LaunchDescriptionEntity
from launch.actions import EmitEvent
from launch.event_handlers import OnProcessIO
from launch.events.process import ProcessIO


class GraphRuns(Event):  # type: ignore[misc]  # launch is not installed for checks
    """All nodes of the graph in ``namespace`` (absolute) run; of a managed one, it is active."""

    name = "dnne_ros.launching.GraphRuns"

    def __init__(self, namespace: str):
        """Tell it of the graph in ``namespace``."""
        self.namespace = namespace


class OnGraphRuns(EventHandler):  # type: ignore[misc]
    """Starts ``entities`` when a graph runs: the one in ``namespace`` or, without one, any."""

    def __init__(self, entities: Iterable[LaunchDescriptionEntity], namespace: str = "",
                 **options: Any):
        """Handle each `GraphRuns`; ``options`` are those of launch's ``EventHandler``."""
        def matches(event: Event) -> bool:
            return isinstance(event, GraphRuns) and namespace in ("", event.namespace)

        super().__init__(matcher=matches, entities=list(entities), **options)


def tell_when_running(action: Any, namespace: str) -> OnProcessIO:
    """Return what emits `GraphRuns` when the process of ``action`` says that the graph runs."""
    said = f"{namespace} is running".encode()

    def read(event: ProcessIO) -> EmitEvent | None:
        return EmitEvent(event=GraphRuns(namespace)) if said in event.text.splitlines() else None

    return OnProcessIO(target_action=action, on_stdout=read)
