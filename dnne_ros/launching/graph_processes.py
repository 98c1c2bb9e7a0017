"""The processes of one graph as launch actions, and what happens when one of them ends."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import (
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.events import matches_action
from launch.events.process import ProcessExited, ShutdownProcess
from launch.logging import get_logger
from launch_ros.actions import Node

from dnne_ros.errors import PeerError, signal_name
from dnne_ros.launching.events import tell_when_running
from dnne_ros.launching.request import LaunchRequest
from dnne_ros.options.run_key import RUN_KEY, new_run_key
from dnne_ros.placement.leading import leading_process
from dnne_ros.placement.restarts import returning
from dnne_ros.tracing.flight_record import save_run
from dnne_ros.transport.lasting_memory import RunMemory

_RESPAWN_DELAY = 1.0
"""Seconds before a failed graph starts again, so that one that always fails is no busy loop."""
_MOST_ALONE = 10
"""How often a process may be started again alone: what dies more often has a reason to."""
_LEAVE_TOGETHER = 10.0
"""Seconds that the processes of a run that is over may take to leave."""


class GraphProcesses:
    """Starts the processes of a graph, which lives and ends as a whole.

    The processes of a graph hold its state together (what is on the edges, which step each node
    is at), so when one fails the others cannot go on with a fresh one in its place.  A process
    whose nodes keep no state can be replaced: its edges go on with what was not handled yet.
    """

    def __init__(self, request: LaunchRequest, environment: Mapping[str, str]):
        """Prepare to start the processes of ``request`` in ``environment``."""
        self._request = request
        self._environment = environment
        self._running: dict[str, Node] = {}
        self._returns: dict[str, int] = {}
        self._run_id = ""
        self._run_key = ""
        self._memory: RunMemory | None = None
        self._over = False
        self._failing = False

    def start(self) -> list[LaunchDescriptionEntity]:
        """Return one node action for each process."""
        self._failing = False
        self._run_id = uuid.uuid4().hex
        self._run_key = self._request.run_key or new_run_key()
        request = self._request
        alone = [process for process in returning(
                     request.graph, request.placement, lifecycle=request.lifecycle,
                     respawn=request.respawn)
                 if process in request.here] if len(request.placement.processes) > 1 else []
        self._returns = dict.fromkeys(alone, _MOST_ALONE)
        self._forget_memory()
        if alone and not request.lifecycle:
            self._memory = RunMemory(self._run_id)
        self._running = {name: self._action(name) for name in request.here}
        leader = self._running.get(leading_process(request.graph, request.placement))
        told = [] if leader is None else [
            RegisterEventHandler(tell_when_running(leader, request.namespace))]
        return [*told, *self._running.values()]

    def _action(self, process: str) -> Node:
        request = self._request
        parameters: list[Any] = [{"use_sim_time": True}] if request.use_sim_time else []
        if request.params_file:
            parameters.append(request.params_file)
        return Node(
            package="dnne_ros", executable="graph_host",
            exec_name=f"{request.graph.namespace}.{process}",
            namespace=request.namespace,
            arguments=[*request.words, "--process", process, "--run-id", self._run_id],
            parameters=parameters,
            remappings=request.remappings,
            ros_arguments=[word for level in request.log_levels
                           for word in ("--log-level", level)],
            additional_env={**_defaults(self._environment, bool(request.run_key)),
                            RUN_KEY: self._run_key},
            output="screen",
            on_exit=lambda event, context: self._on_exit(process, event, context))

    def _on_exit(self, process: str, event: ProcessExited, context: LaunchContext
                 ) -> list[LaunchDescriptionEntity]:
        self._running.pop(process, None)
        if event.returncode < 0 and not (context.is_shutdown or self._failing):
            self._put_aside(process, event)
        if not self._running and (context.is_shutdown or event.returncode >= 0):
            self._forget_memory()
        if context.is_shutdown:
            return []
        if self._failing:
            return [] if self._running else self._start_again()
        if event.returncode == 0:
            self._over = True
            return self._end()
        alone = event.returncode < 0 and self._returns.get(process)
        if self._over or not (self._request.respawn or alone):
            # An exception, unlike a Shutdown action, makes the launch exit with an error.
            raise PeerError(self._describe(process, event.returncode))
        if alone:
            self._returns[process] -= 1
            again = self._running[process] = self._action(process)
            return [LogInfo(msg=f"{self._describe(process, event.returncode)}; it starts again"),
                    again]
        self._failing = True
        return self._stop_others() if self._running else self._start_again()

    def _put_aside(self, process: str, event: ProcessExited) -> None:
        """Put aside what led to a process' death, as nobody else can, and say so."""
        log, how = get_logger("launch.user"), self._describe(process, event.returncode)
        try:
            path = save_run(self._run_id, how, (event.pid,))
        except OSError as error:
            log.warning(f"no flight record was written: {error.filename}: {error.strerror}")
            return
        if path is not None:
            log.info(f"flight record: {path} ({how})")

    def _forget_memory(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _end(self) -> list[LaunchDescriptionEntity]:
        shutdown = Shutdown(reason=f"graph {self._request.namespace} has ended")
        return [TimerAction(period=_LEAVE_TOGETHER, actions=[shutdown])] \
            if self._running else [shutdown]

    def _stop_others(self) -> list[LaunchDescriptionEntity]:
        return [EmitEvent(event=ShutdownProcess(process_matcher=matches_action(action)))
                for action in self._running.values()]

    def _start_again(self) -> list[LaunchDescriptionEntity]:
        return [TimerAction(period=_RESPAWN_DELAY,
                            actions=[OpaqueFunction(function=lambda context: self.start())])]

    def _describe(self, process: str, code: int) -> str:
        request = self._request
        how = f"was killed by {signal_name(-code)}" if code < 0 \
            else f"ended with exit code {code}"
        nodes = ", ".join(f"{request.namespace}/{request.graph.nodes[id].ros_name}"
                          for id in request.placement.processes[process])
        return f"process {process} {how} (nodes {nodes})"


def _defaults(environment: Mapping[str, str], several_hosts: bool) -> dict[str, str]:
    """Return what the processes need in their environment beside what the user has set."""
    wanted = {
        # Without a word from the user, a graph is visible on its own machines only.
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET" if several_hosts else "LOCALHOST",
        # What a process prints is shown at once, not when a buffer is full.
        "PYTHONUNBUFFERED": "1",
    }
    return {name: value for name, value in wanted.items() if name not in environment}
