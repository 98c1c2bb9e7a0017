"""The process with the managed node: the graph is loaded, run and stopped as a manager says.

The states are ROS 2's.  Unconfigured: there is nothing but the managed node.  Inactive: the
graph's nodes are there, with what they have loaded and checked.  Active: they run.  Whatever has
run is taken apart when it is stopped and loaded anew: what it heard before, such as an observation
that still waits on an edge, must not move a robot when it is activated again.

A graph that fails is stopped as by deactivation, and is inactive, with the reason.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from dnne_ros.errors import DnneError, printable
from dnne_ros.runtime.coordination.run_control import FAILED
from dnne_ros.runtime.coordination.stops import heed_stops
from dnne_ros.runtime.lifecycle.bonds import PERIOD
from dnne_ros.runtime.lifecycle.crew import Crew
from dnne_ros.runtime.lifecycle.crew_channel import ACTIVE, FINALIZED, INACTIVE, UNCONFIGURED
from dnne_ros.runtime.lifecycle.managed_node import ManagedNode, served
from dnne_ros.runtime.lifecycle.process_life import DEACTIVATED, SHUT_DOWN, ProcessLife
from dnne_ros.runtime.lifecycle.transitions import Wish, Wishes

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.event_loop import RosEventLoop

_LAST_ANSWERS = 1.0
"""Seconds for which the managed node is still there when it has been shut down: managers ask for
the state after each transition."""
_FLUSH_SECONDS = 0.5

_Result = TypeVar("_Result")


class ManagedProcess:
    """Makes the transitions of a graph, in this process' event loop and its main thread."""

    def __init__(self, node: ManagedNode, wishes: Wishes, life: ProcessLife, crew: Crew,
                 loop: RosEventLoop, status: StatusChannel):
        """Do what ``node`` wishes with ``life``, the nodes of this process, and with ``crew``."""
        self._life = life
        self._crew = crew
        self._loop = loop
        self._status = status
        self._node = node
        self._wishes = wishes
        self._stopped = asyncio.Event()
        self._reason = ""
        self._troubles: list[str] = []
        """What is wrong with the run that is going on, or was."""

    def live(self, context: Context) -> str:
        """Do what the node is asked for until the process is to leave, and return the reason."""
        node = self._node
        with served(node, context) as self._call, ExitStack() as ending:
            ending.callback(self._leave)
            ending.callback(self._wishes.close)  # first: the thread may wait for us
            node.get_logger().info(f"ros2 lifecycle set {node.get_fully_qualified_name()} "
                                   "configure")
            heed_stops(self._loop, self._status, self._stop)
            while not self._reason:
                wish = self._loop.run_until_complete(self._next_wish())
                if wish is not None:
                    self._do(wish)
            if self._reason == SHUT_DOWN:
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
        """Run until the run is over, and answer what has ended it."""
        self._troubles = []
        self._crew.want(ACTIVE)
        stop, reason = self._loop.run_until_complete(self._run(wish))
        self._life.take_apart()
        asked = stop if wish.answer.done() else wish
        if self._reason or reason not in (DEACTIVATED, FAILED):
            self._reason = self._reason or reason
            if asked is not None:
                asked.answer.set_result(False)
        elif stop is not None:
            self._do(stop)
        else:
            self._fail(wish)

    def _fail(self, activation: Wish) -> None:
        """Be inactive again after a run that has failed."""
        if activation.answer.done():  # an active node gets there by a transition
            self._call(self._node.deactivate)
        elif self._load():
            activation.answer.set_result(False)
        else:
            activation.answer.set_exception(DnneError("it could not be loaded anew"))

    async def _run(self, wish: Wish) -> tuple[Wish | None, str]:
        """Run until the run is over; return the wish that has ended it, and why it is over."""
        begun = asyncio.Event()

        def begin() -> None:
            self._node.say("active")
            begun.set()
            wish.answer.set_result(True)

        def failed(error: DnneError) -> None:
            self._troubles.append(printable(str(error)))

        living = self._loop.create_task(self._life.run(begin, failed))
        wished = self._loop.create_task(self._wishes.next())
        failing = self._loop.create_task(self._crew.failing())
        beating = self._loop.create_task(self._show_life(begun))
        waits: set[asyncio.Future[Any]] = {living, wished, failing}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        stop = wished.result() if wished.done() else None
        if stop is not None:
            self._life.stop(DEACTIVATED)
        elif failing.done():
            self._troubles += failing.result()
            self._life.stop(FAILED)
        for task in (wished, failing, beating):
            task.cancel()
        self._node.bonds.end()
        reason = await living
        if reason == FAILED and not self._troubles:
            self._troubles += await self._crew.why()
        return stop, reason

    async def _show_life(self, begun: asyncio.Event) -> None:
        """Keep bonds with managers while the graph is active and the event loop turns."""
        await begun.wait()
        while True:
            self._node.bonds.beat()
            await asyncio.sleep(PERIOD)

    def _on_deactivate(self, wish: Wish) -> None:
        """Be ready to be activated again; what has failed keeps its reason."""
        if self._load():
            wish.answer.set_result(True)
        else:
            wish.answer.set_exception(DnneError("it could not be loaded anew"))

    def _on_cleanup(self, wish: Wish) -> None:
        self._unload()
        self._node.say("unconfigured")
        wish.answer.set_result(True)

    def _on_error(self, wish: Wish) -> None:
        self._unload()
        wish.answer.set_result(True)

    def _on_shutdown(self, wish: Wish) -> None:
        self._unload()
        self._node.say("finalized")
        self._reason = SHUT_DOWN
        wish.answer.set_result(True)

    def _load(self) -> bool:
        """Have all processes make their nodes, which load and check what they need.

        Tells whether all is well; if not, the managed node says why.
        """
        self._crew.want(INACTIVE, anew=True)
        found = []
        try:
            self._life.load(self._crew.generation)
        except DnneError as error:
            found.append(printable(str(error)))
        found += self._loop.run_until_complete(self._crew.reached())
        self._troubles += found
        why = "; ".join(self._troubles)
        if found:
            self._unload()
            self._node.say("unconfigured", why)
        else:
            self._node.say("inactive", why)
        self._troubles = []
        return not found

    def _unload(self) -> None:
        self._crew.want(UNCONFIGURED)
        self._life.unload()

    def _leave(self) -> None:
        self._crew.want(FINALIZED)
        self._life.take_apart()
        self._crew.flush(_FLUSH_SECONDS)

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
        self._crew.give_up()
        self._life.stop(reason)
