"""The nodes of one process of a managed graph: loaded, run and taken apart, again and again."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rclpy.parameter import Parameter

from dnne_ros.errors import DnneError
from dnne_ros.runtime.coordination.run_control import FAILED
from dnne_ros.runtime.process_run import ProcessParts, ProcessRun

if TYPE_CHECKING:
    from dnne_ros.runtime.event_loop import RosEventLoop
    from dnne_ros.runtime.node.node_host import NodeHost

DEACTIVATED, SHUT_DOWN = "deactivated", "shutdown"
"""Reasons of an end that say what a manager has asked for."""

Make = Callable[[ExitStack, int], ProcessParts]
"""``make(ending, generation)``: makes all nodes and loads them; ``ending`` takes them apart.

Each generation is a run of its own: what was said in an earlier one counts for nothing."""


class ProcessLife:
    """Goes through the phases of one process as often as somebody says."""

    def __init__(self, make: Make, loop: RosEventLoop):
        """Run what ``make`` returns in ``loop``."""
        self._make = make
        self._loop = loop
        self._ending = ExitStack()
        self._parts: ProcessParts | None = None
        self._active: ProcessRun | None = None
        self._kept: dict[str, dict[str, Any]] = {}
        """What the parameters that may change were after the last run, by node."""

    def load(self, generation: int) -> None:
        """Make the nodes, which load and check what they need; `DnneError` if they cannot."""
        self.take_apart()
        try:
            self._parts = self._make(self._ending, generation)
            self._restore(self._parts.hosts)
        except DnneError:
            self.take_apart()
            raise

    async def run(self, on_started: Callable[[], object],
                  on_failed: Callable[[DnneError], object]) -> str:
        """Run what is loaded, meet the other processes, and return why the run is over.

        ``on_failed(error)``: it ends here for everybody, as this process has failed.
        """
        assert self._parts is not None  # inactive is the state of one that is loaded
        control = self._parts.control

        def failed(error: DnneError) -> None:
            on_failed(error)
            control.end(FAILED)

        self._active = ProcessRun(self._parts, self._loop)
        try:
            await self._active.live(on_started, failed)
        except DnneError:  # `on_failed` knows
            return FAILED
        finally:
            self._active = None
            self._keep(self._parts.hosts)
        return control.reason

    def stop(self, reason: str) -> None:
        """Let a run end, here and in the other processes; nothing waits for it."""
        if self._active is not None:
            self._active.stop(reason)

    def unload(self) -> None:
        """Take all apart and forget what parameters were set to."""
        self._kept = {}
        self.take_apart()

    def _keep(self, hosts: Mapping[str, NodeHost]) -> None:
        for node_id, host in hosts.items():
            self._kept[node_id] = {name: host.get_parameter(name).value
                                   for name, widget in host.settings.items() if widget.live}

    def _restore(self, hosts: Mapping[str, NodeHost]) -> None:
        for node_id, host in hosts.items():
            changed = [Parameter(name, value=value)
                       for name, value in self._kept.get(node_id, {}).items()
                       if host.get_parameter(name).value != value]
            if changed:
                host.set_parameters(changed)

    def take_apart(self) -> None:
        """Leave nothing of what was loaded, but what parameters were set to."""
        self._parts = None
        self._ending.close()
        self._loop.run_until_complete(asyncio.sleep(0))  # what is due holds on to them, too
        gc.collect()  # rcl knows nodes by their names until nothing refers to them any more
