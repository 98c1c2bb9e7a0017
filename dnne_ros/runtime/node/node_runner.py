"""Runs one node's coroutine, and does what its settings say when something goes wrong with it."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import (
    FOREIGN_ERRORS,
    DnneError,
    InputError,
    NodeError,
    describe,
    shortened,
)
from dnne_ros.node_api.fault_settings import RESTART, SAFE_VALUE, STOP, watches
from dnne_ros.node_api.health import Level
from dnne_ros.node_api.node import Node
from dnne_ros.runtime.monitoring.fault_record import FaultRecord
from dnne_ros.runtime.monitoring.finite import is_finite
from dnne_ros.runtime.monitoring.item_monitor import ItemMonitor
from dnne_ros.runtime.monitoring.watchdog import Watchdog
from dnne_ros.toolkit.back_off import pause

if TYPE_CHECKING:
    from dnne_ros.runtime.monitoring.loop_watch import LoopWatch
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost

_CANCEL_SECONDS = 1.0
_STAND_IN_SECONDS = 1.0
_CLOSE_SECONDS = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LOG_SECONDS = 1.0
_WATCHED = "deadlines"


class NodeRunner:
    """Runs a node until the run ends; it may be another instance of its type by then."""

    def __init__(self, node: Node, host: NodeHost, context: HostContext,
                 remake: Callable[[], Awaitable[Node]], loop_watch: LoopWatch):
        """Run ``node``; ``remake()`` closes it and returns one in its place."""
        self._loop_watch = loop_watch
        self._node = node
        self._host = host
        self._context = context
        self._remake = remake
        self._settings = host.faults
        linked = context.is_linked
        self._monitor = ItemMonitor(context, [port for port in node.inputs if linked(port)],
                                    [port for port in node.outputs if linked(port)],
                                    self._worked, self._admit)
        self._record = FaultRecord(context.health, context.mark)
        self._watchdog: Watchdog | None = None
        self._watching: asyncio.Task[None] | None = None
        self._wanted: asyncio.Future[tuple[str, str]] | None = None
        self.attempt: asyncio.Task[None] | None = None
        """What runs the node, or ran it until it failed."""
        self._judged: asyncio.Task[None] | None = None
        """The attempt whose end has been, or is being, dealt with."""
        self._in_a_row = 0
        self._well_before = 0
        self._errors_logged: set[type[BaseException]] = set()

    @property
    def node(self) -> Node:
        """Return the node as it is now."""
        return self._node

    async def run(self) -> None:
        """Run until cancelled, or until the node is through.

        Raises `NodeError` with the node and the item when the run is to end with it.
        """
        loop = asyncio.get_running_loop()
        self._host.on_faults_changed = self._arm
        self._arm()
        try:
            while True:
                self._wanted = loop.create_future()
                attempt = loop.create_task(_contained(self._process()),
                                           name=self._context.name)
                self.attempt = attempt
                either: set[asyncio.Future[Any]] = {attempt, self._wanted}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not attempt.done():
                    await self._interrupt(attempt, *self._wanted.result())
                else:
                    self._judged = attempt
                    error = _error_of(attempt)
                    if error is None:
                        return
                    await self._recover(error)
                self._monitor.begin()
                self._arm()
        finally:
            self._disarm()
            if self.attempt is not None and self.attempt is not self._judged:
                self.attempt.cancel()
                await asyncio.wait({self.attempt})
                self._note_end(self.attempt)

    @property
    def _item(self) -> int:
        """Which item it is at."""
        replicated = self._context.replicated
        return self._context.items if replicated is None else replicated.at

    def _process(self) -> Awaitable[None]:
        replicated = self._context.replicated
        return self._node.process() if replicated is None else \
            replicated.process(self._node, self._monitor)

    def _arm(self) -> None:
        """Watch, or leave the node alone, as the settings say now."""
        if not watches(self._settings):
            self._disarm()
        elif self._watching is None:
            if self._node.context is not self._monitor:
                self._node.context = self._monitor
                self._context.cut(_WATCHED)
                self._monitor.begin()
            self._loop_watch.watch(self._context.name, self._settings)
            self._watchdog = Watchdog(self._settings, self._monitor, self._record, self._act,
                                      paused=lambda: self._context.paused)
            self._watching = asyncio.get_running_loop().create_task(self._watchdog.run())
            self._watching.add_done_callback(self._watching_ended)

    def _disarm(self) -> None:
        self._node.context = self._context
        self._context.rejoin(_WATCHED)
        self._monitor.forget()
        self._look_away()

    def _look_away(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def _watching_ended(self, watching: asyncio.Task[None]) -> None:
        if not watching.cancelled() and (error := watching.exception()) is not None:
            self._want(STOP, f"its watchdog failed: {describe(error)}")

    def _worked(self, seconds: float, since: float) -> None:
        if self._watchdog is not None:
            self._watchdog.worked(seconds, since)

    def _admit(self, port: str, value: Any) -> None:
        if not self._settings["errors.check_finite"] or is_finite(value):
            return
        self._record.count("errors.not_finite")
        message = f"output {port!r} is not finite"
        self._record.show(Level.WARN, message)
        raise ValueError(message)

    async def _act(self, policy: str, message: str) -> None:
        """Do what ``policy`` says of a fault of a node that goes on meanwhile."""
        if policy != STOP:
            self._context.on_fault(message)
        if policy in (RESTART, STOP):
            self._want(policy, message)
            return
        self._warn(message)
        if policy == SAFE_VALUE:
            await self._stand_in()

    def _want(self, policy: str, message: str) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result((policy, message))

    async def _interrupt(self, attempt: asyncio.Task[None], policy: str, message: str) -> None:
        """End a node that does not do as it should, and start it again or end the run."""
        self._judged = attempt
        attempt.cancel()
        attempt.add_done_callback(self._note_end)
        await asyncio.wait({attempt}, timeout=_CANCEL_SECONDS)
        if policy == STOP or self._too_often():
            raise self._failure(message)
        await self._start_anew(message)

    def _note_end(self, attempt: asyncio.Task[None]) -> None:
        """Log the error of a node that failed as it was being ended: nobody else looks at it."""
        error = _error_of(attempt)
        if error is not None and not isinstance(error, asyncio.CancelledError):
            self._warn(f"failed at item {self._item}, as it was ended: {describe(error)}")

    async def _recover(self, error: BaseException) -> None:
        """Go on after an error of the node, or raise it."""
        policy = self._settings["errors.policy"]
        if isinstance(error, InputError):
            raise error
        message = str(error) if isinstance(error, DnneError) else describe(error)
        self._log_error(error, message)
        if policy == STOP or not isinstance(error, Exception):
            raise self._failure(message) from error
        self._context.on_fault(f"item {self._item}: {message}")
        total = self._record.count("errors.count")
        self._record.show(Level.WARN, f"{total} errors; the last one: {message}")
        if self._too_often():
            raise self._failure(f"{message} ({self._in_a_row} errors in a row)") from error
        if policy == RESTART:
            await self._start_anew(message)
        elif policy == SAFE_VALUE:
            await self._stand_in()
        await asyncio.sleep(0)  # a source that always fails must not starve the others

    def _log_error(self, error: BaseException, message: str) -> None:
        """Log where an error of this kind arose when the first comes, then only that it came."""
        if type(error) in self._errors_logged or isinstance(error, DnneError):
            self._warn(f"failed at item {self._item}: {message}")
        else:
            self._errors_logged.add(type(error))
            where = shortened("".join(traceback.format_exception(error)).rstrip())
            self._context.log.error(f"failed at item {self._item}:\n{where}")

    def _too_often(self) -> bool:
        if self._monitor.went_well != self._well_before:
            self._well_before = self._monitor.went_well
            self._in_a_row = 0
        self._in_a_row += 1
        return bool(self._in_a_row >= self._settings["errors.limit"])

    async def _start_anew(self, message: str) -> None:
        restarts = self._record.count("faults.restarts")
        self._record.show(Level.WARN, f"restart {restarts}: {message}")
        self._context.log.warning(f"{message}: the node is made anew")
        self._look_away()
        await asyncio.sleep(pause("exponential", self._in_a_row, _FIRST_PAUSE, _LONGEST_PAUSE))
        try:
            self._node = await self._remake()
        except FOREIGN_ERRORS as error:
            raise self._failure(
                f"{message}; it could not be made anew: {describe(error)}") from error

    async def _stand_in(self) -> None:
        """Send the node's safe outputs, those excepted that it has given for this item."""
        given = set(self._monitor.given)
        values = {port: value for port, value in
                  self._node.safe_outputs(dict(self._monitor.last)).items() if port not in given}
        if not values and not given:
            self._warn("there is no safe value to send: nothing has been sent before")
        for port, value in values.items():
            try:
                await self._monitor.stand_in(port, value, _STAND_IN_SECONDS)
            except TimeoutError:
                self._warn(f"those who take output {port!r} leave no room for its safe value")
            else:
                self._record.count("faults.safe_values")

    def _warn(self, message: str) -> None:
        self._context.log.warning(message, throttle_duration_sec=_LOG_SECONDS)

    def _failure(self, message: str) -> NodeError:
        self._context.mark(f"fails: {message}", self._item)
        return NodeError(f"{self._context.name} (item {self._item})", message)


class LeaveError(RuntimeError):
    """A node has called `sys.exit` or raised KeyboardInterrupt, which would end its process."""


async def _contained(process: Awaitable[None]) -> None:
    """Run a node such that an exception which asyncio lets through ends the node alone."""
    try:
        await process
    except (SystemExit, KeyboardInterrupt) as error:
        raise LeaveError(f"it raised {describe(error)}; a node that is through returns, and one "
                         "that fails raises an exception") from error


def _error_of(attempt: asyncio.Task[None]) -> BaseException | None:
    """Return what a node has failed with; nobody else has cancelled it."""
    if attempt.cancelled():
        return asyncio.CancelledError("raised by the node itself")
    return attempt.exception()


async def close_node(node: Node, blocking_seconds: float = 0.5) -> None:
    """Close a node and end its threads; what takes too long or fails is logged and left.

    Blocking calls that are under way have ``blocking_seconds`` to return.
    """
    log = node.context.log
    try:
        await asyncio.wait_for(node.close(), _CLOSE_SECONDS)
    except asyncio.TimeoutError:
        log.warning(f"its close() has not returned within {_CLOSE_SECONDS:g} s")
    except FOREIGN_ERRORS as error:  # the others are to be closed all the same
        log.error(f"its close() failed: {describe(error)}")
    if left := await node.end_blocking(blocking_seconds):
        log.warning(f"{left} blocking call{'s have' if left > 1 else ' has'} not returned and "
                    f"{'are' if left > 1 else 'is'} left behind")
