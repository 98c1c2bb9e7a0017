"""A process that is loaded, run and stopped as a lifecycle manager says.

The states are ROS 2's.  Unconfigured: there is nothing but the managed node.  Inactive: the
graph's nodes are there, with what they have loaded and checked.  Active: they run.  Whatever has
run is taken apart when it is stopped and loaded anew: what it heard before, such as an observation
that still waits on an edge, must not move a robot when it is activated again.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import DnneError, printable
from dnne_ros.runtime.coordination.stops import heed_stops
from dnne_ros.runtime.lifecycle.managed_node import ManagedNode, served
from dnne_ros.runtime.lifecycle.transitions import Wish, Wishes
from dnne_ros.runtime.process_run import ProcessParts, ProcessRun
from dnne_ros.runtime.ros_context import missing_security_told

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.event_loop import RosEventLoop

_DEACTIVATED, _SHUT_DOWN = "deactivated", "shutdown"
_LAST_ANSWERS = 1.0
"""Seconds for which the managed node is still there when it has been shut down: managers ask for
the state after each transition."""


class ManagedProcess:
    """Makes the transitions of one process, in its event loop and its main thread."""

    def __init__(self, make: Callable[[ExitStack], ProcessParts], loop: RosEventLoop,
                 status: StatusChannel):
        """Get the graph's nodes from ``make(ending)``; ``ending`` takes them apart again."""
        self._make = make
        self._loop = loop
        self._status = status
        self._wishes = Wishes(loop)
        self._stopped = asyncio.Event()
        self._reason = ""
        self._ending = ExitStack()
        self._parts: ProcessParts | None = None
        self._active: ProcessRun | None = None

    def live(self, namespace: str, context: Context) -> str:
        """Do what is asked for until the process is to leave, and return the reason."""
        with missing_security_told():
            self._node = ManagedNode(namespace, context, self._wishes.make)
        name = self._node.get_fully_qualified_name()
        with served(self._node, context) as self._call, ExitStack() as ending:
            ending.callback(self._take_apart)
            ending.callback(self._wishes.close)  # first: the thread may wait for us
            self._node.get_logger().info(f"ros2 lifecycle set {name} configure")
            heed_stops(self._loop, self._status, self._stop)
            while not self._reason:
                wish = self._loop.run_until_complete(self._next_wish())
                if wish is not None:
                    self._do(wish)
            if self._reason == _SHUT_DOWN:
                self._loop.run_until_complete(asyncio.sleep(_LAST_ANSWERS))
        return self._reason

    def _do(self, wish: Wish) -> None:
        try:
            getattr(self, f"_{wish.callback}")(wish)
        except BaseException as error:
            if not wish.answer.done():
                wish.answer.set_exception(error)
            raise

    def _on_configure(self, wish: Wish) -> None:
        wish.answer.set_result(self._load())

    def _on_activate(self, wish: Wish) -> None:
        assert self._parts is not None  # inactive is the state of one that is loaded
        stop, error = self._loop.run_until_complete(self._run(self._parts, wish))
        reason = self._parts.control.reason
        self._take_apart()
        asked = stop if wish.answer.done() else wish
        if error is not None:
            self._node.say("unconfigured", printable(str(error)))
            if asked is not None:
                asked.answer.set_exception(error)
            else:  # an active node has no way to an error but by a transition
                self._call(self._node.trigger_deactivate)
        elif self._reason or reason != _DEACTIVATED:
            self._reason = self._reason or reason
            if asked is not None:
                asked.answer.set_result(False)
        elif stop is not None and stop.callback == "on_deactivate":
            if self._load():
                stop.answer.set_result(True)
            else:
                stop.answer.set_exception(DnneError("it could not be loaded anew"))
        elif stop is not None:
            self._do(stop)

    async def _run(self, parts: ProcessParts, wish: Wish) -> tuple[Wish | None, DnneError | None]:
        """Run until the run is over; return the wish that has ended it, and an error."""
        run = self._active = ProcessRun(parts, self._loop)

        def begun() -> None:
            self._node.say("active")
            wish.answer.set_result(True)

        living = self._loop.create_task(run.live(begun))
        wished = self._loop.create_task(self._wishes.next())
        await asyncio.wait({living, wished}, return_when=asyncio.FIRST_COMPLETED)
        stop = None
        if wished.done():
            stop = wished.result()
            run.stop(_DEACTIVATED)
        wished.cancel()
        try:
            await living
        except DnneError as error:
            return stop, error
        return stop, None

    def _on_deactivate(self, wish: Wish) -> None:
        """Deactivate what has failed already."""
        wish.answer.set_exception(DnneError("the run has failed"))

    def _on_cleanup(self, wish: Wish) -> None:
        self._take_apart()
        self._node.say("unconfigured")
        wish.answer.set_result(True)

    def _on_error(self, wish: Wish) -> None:
        self._take_apart()
        wish.answer.set_result(True)

    def _on_shutdown(self, wish: Wish) -> None:
        self._take_apart()
        self._node.say("finalized")
        self._reason = _SHUT_DOWN
        wish.answer.set_result(True)

    def _load(self) -> bool:
        """Make the nodes, which load and check what they need; tell whether all is well."""
        try:
            self._parts = self._make(self._ending)
        except DnneError as error:
            self._take_apart()
            self._node.say("unconfigured", printable(str(error)))
            return False
        self._node.say("inactive")
        return True

    def _take_apart(self) -> None:
        self._parts = None
        self._active = None
        self._ending.close()
        self._loop.run_until_complete(asyncio.sleep(0))  # what is due holds on to them, too
        gc.collect()  # rcl knows nodes by their names until nothing refers to them any more

    async def _next_wish(self) -> Wish | None:
        """Return the next wish, None if the process is to leave first."""
        wished = self._loop.create_task(self._wishes.next())
        stopped = self._loop.create_task(self._stopped.wait())
        waits: set[asyncio.Future[Any]] = {wished, stopped}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        came = wished.done()
        wished.cancel()
        stopped.cancel()
        return wished.result() if came else None

    def _stop(self, reason: str) -> None:
        self._reason = reason
        self._stopped.set()
        if self._active is not None:
            self._active.stop(reason)
