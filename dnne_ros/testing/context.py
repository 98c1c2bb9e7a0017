"""A node's context in memory: what the run time gives to a node, in the hands of a test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.node_api.clock import Clock, SteadyClock
from dnne_ros.node_api.health import Health
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.video import Video
from dnne_ros.testing.actions import InMemoryActions
from dnne_ros.testing.boundaries import InMemoryBoundary, SavedState
from dnne_ros.testing.frames import InMemoryFrames
from dnne_ros.testing.own_coroutine import OwnCoroutine
from dnne_ros.testing.recorded_log import RecordedLog
from dnne_ros.testing.services import InMemoryServices
from dnne_ros.testing.topics import InMemoryTopics
from dnne_ros.transport.inbox import Inbox, make_inbox
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats

_QUIET_TURNS = 10
"""Turns of the event loop without a change after which a waiting node has nothing more to do."""


class InMemoryContext(OwnCoroutine):
    """Implements `dnne_ros.NodeContext` without ROS: the test feeds inputs and sees outputs.

    Every item that is fed reaches the node, whatever the policy of the input: what an edge drops
    is none of the node's business.  Values of held inputs stay, as in a run.
    """

    def __init__(self, node: Node, linked: Iterable[str] | None = None, *,
                 outputs: Iterable[str] | None = None, seed: int = 0, inference: bool = False,
                 clock: Clock | None = None, trainers: Mapping[str, int] | None = None,
                 delivered: Mapping[str, int] | None = None, saves: bool = False,
                 new_episodes: bool = False, node_id: str = "1", title: str = "One"):
        """Serve ``node``, whose inputs ``linked`` and ``outputs`` are linked (None: all).

        ``clock`` None: the machine's.  ``trainers`` and ``delivered``: what the methods of these
        names answer, by output; 0 for others.  ``saves``: at every boundary, rather than where
        a trigger says so.
        """
        self.name = f"/graph/{node.type_name.lower()}_{node_id}"
        self.node_id = node_id
        self.title = title
        self.seed = seed
        self.inference = inference
        self.new_episodes = new_episodes
        self.paused = False
        self.strict_runtime = False
        self.video: Video | None = None
        self.log = RecordedLog()
        self.health = Health()
        self.topics = InMemoryTopics()
        self.services = InMemoryServices()
        self.actions = InMemoryActions()
        self.frames = InMemoryFrames()
        self.clock: Clock = SteadyClock() if clock is None else clock
        self.steady = SteadyClock()
        self.sent: list[tuple[str, Any]] = []
        """Output and value, in order."""
        self.taken = 0
        """How many items the node has taken, over all inputs."""
        self.reported: list[dict[str, Any]] = []
        self.signs_of_life = 0
        """How often `setup` has said that it is still at work."""
        self.boundaries: list[tuple[int, float | None, str | None]] = []
        """Epoch, metric and ``ends`` of each."""
        self.triggers: list[CheckpointTrigger] = []
        """What the node gave to `save_when`."""
        self.saved: list[SavedState] = []
        self.finished: str | None = None
        """Why the node ended the run."""
        self._node = node
        self._saves = saves
        self._trainers = dict(trainers or {})
        self._delivered = dict(delivered or {})
        self._outputs = set(node.outputs if outputs is None else outputs)
        self._inboxes = {port: _inbox(node, port)
                         for port in (node.inputs if linked is None else linked)}
        self._held: dict[str, Any] = {}
        self._reading: dict[str, int] = {}
        self._full: set[str] = set()
        self._stands_still = False
        self._process: asyncio.Task[None] | None = None
        self._waiters: list[asyncio.Future[None]] = []

    # What a node sees of it.

    def is_linked(self, port: str) -> bool:
        """Tell whether an input or an output is linked."""
        return port in self._inboxes or port in self._outputs

    def trainers(self, output: str) -> int:
        """Return what the constructor was given."""
        return self._trainers.get(output, 0)

    async def get(self, port: str, timeout: float | None) -> Any:
        """Wait for the next item that the test feeds; TimeoutError after ``timeout`` seconds."""
        if port in self._held:
            return self._held[port]
        with _Reading(self, port):
            value = await self._inboxes[port].take(timeout)
        self._take(port, [value])
        return value

    async def get_batch(self, port: str, max_items: int, timeout: float | None) -> list[Any]:
        """Wait for ``max_items`` items, or those of ``timeout`` seconds; a held value alone."""
        if self._node.inputs[port].type.held:
            return [await self.get(port, timeout)]
        with _Reading(self, port):
            batch = await self._inboxes[port].take_batch(max_items, timeout)
        self._take(port, batch)
        return batch

    async def put(self, port: str, value: Any, timeout: float | None = None) -> None:
        """Note what was sent; waits while the test lets the output be full (`fill`).

        TimeoutError, with nothing noted, after ``timeout`` seconds.
        """
        if port not in self._node.outputs:
            raise AssertionError(f"{self._node.type_name} has no output {port!r}; it has "
                                 f"{', '.join(self._node.outputs) or 'none'}")
        deadline = None if timeout is None else asyncio.get_running_loop().time() + timeout
        while port in self._full:
            await self._wait_for_change(deadline)
        await asyncio.sleep(0)  # where a real edge may wait
        self.sent.append((port, value))
        self._note_change()

    def delivered(self, port: str) -> int:
        """Return what the constructor was given."""
        return self._delivered.get(port, 0)

    def report(self, metrics: Mapping[str, Any]) -> None:
        """Keep the metrics in `reported`."""
        self.reported.append(dict(metrics))
        self._note_change()

    def still_setting_up(self) -> None:
        """Count it in `signs_of_life`."""
        self.signs_of_life += 1

    def boundary(self, epoch: int, metric: float | None,
                 trigger: CheckpointTrigger | None = None, ends: str | None = None,
                 loss: float | None = None) -> InMemoryBoundary:
        """Note a boundary, at which the node's state is saved if it is time to."""
        self.boundaries.append((epoch, metric, ends))
        triggers = [*self.triggers, *([] if trigger is None else [trigger])]
        due = [trigger.due(epoch, loss if trigger.wants_lowest else metric)
               for trigger in triggers]
        return InMemoryBoundary(self, self._saves or any(due), ends)

    def save_when(self, trigger: CheckpointTrigger) -> None:
        """Let ``trigger`` have its say at each boundary; it is in `triggers`."""
        self.triggers.append(trigger)

    async def finish(self, reason: str) -> None:
        """Note that the node has ended the run."""
        self.finished = reason
        self._note_change()

    # What a test does with it.

    def feed(self, port: str, *values: Any) -> None:
        """Let values come to an input."""
        for value in values:
            self._inboxes[port].offer(value)

    def waiting(self, port: str) -> int:
        """Return how many items of an input have not been taken."""
        return len(self._inboxes[port])

    def outputs(self, port: str) -> list[Any]:
        """Return what was sent on ``port`` so far."""
        return [value for name, value in self.sent if name == port]

    def fill(self, port: str) -> None:
        """Let an output be full, as if its consumer took nothing: sending waits until `drain`."""
        self._full.add(port)

    def drain(self, port: str) -> None:
        """Let an output have room again."""
        self._full.discard(port)
        self._note_change()

    async def save(self, aligned: bool = True) -> SavedState:
        """Have the node's state, and keep it in `saved`."""
        unread = sum(map(len, self._inboxes.values()))
        self.saved.append(SavedState(await self._node.save_state(aligned), len(self.sent), unread))
        self._note_change()
        return self.saved[-1]

    async def sends(self, count: int, or_is_through: bool = False) -> None:
        """Wait until ``count`` values were sent, over all outputs.

        Raises what ends the node before, and AssertionError if it is through before, unless that
        will do.
        """
        while len(self.sent) < count:
            if self.is_through():
                if or_is_through:
                    return
                raise AssertionError(f"{self._node.type_name} is through after it sent "
                                     f"{len(self.sent)} values, expected {count}")
            await self._wait_for_change()

    async def idle(self) -> None:
        """Wait until the node waits for an item that the test has not fed, or is through.

        Raises what ends the node.
        """
        quiet, before = 0, -1
        while quiet < _QUIET_TURNS and not self.is_through():
            if not self._starves():
                quiet = 0
                await self._wait_for_change()
                continue
            now = self.taken + len(self.sent)
            quiet, before = quiet + 1 if now == before else 0, now
            await asyncio.sleep(0)

    def watch(self, process: asyncio.Task[None]) -> None:
        """Let those who wait here know when the node's task ends."""
        self._process = process
        process.add_done_callback(lambda _: self._note_change())

    async def stand_still(self, reason: str) -> None:
        """Wait for ever, as the run has ended."""
        self._stands_still = True
        await self.finish(reason)
        await asyncio.Event().wait()

    def is_through(self) -> bool:
        """Tell whether the node has ended, or the run at a boundary of its.

        Raises what it ended with.
        """
        if self._process is None or not self._process.done():
            return self._stands_still
        if not self._process.cancelled():
            self._process.result()
        return True

    def _starves(self) -> bool:
        return bool(self._reading) and not any(map(self.waiting, self._reading))

    def _take(self, port: str, values: list[Any]) -> None:
        self.taken += len(values)
        if self._node.inputs[port].type.held:
            self._held[port] = values[0]
        self._note_change()

    def _note_change(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _wait_for_change(self, deadline: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiters.append(waiter)
        left = None if deadline is None else max(0.0, deadline - loop.time())
        done, _ = await asyncio.wait({waiter}, timeout=left)
        if not done:
            raise TimeoutError("an output had no room in time")


class _Reading:
    """Notes, while it lasts, that the node waits for an item of an input."""

    def __init__(self, context: InMemoryContext, port: str):
        self._context = context
        self._port = port

    def __enter__(self) -> None:
        reading = self._context._reading
        reading[self._port] = reading.get(self._port, 0) + 1
        self._context._note_change()

    def __exit__(self, *error: object) -> None:
        reading = self._context._reading
        reading[self._port] -= 1
        if not reading[self._port]:
            del reading[self._port]


def _inbox(node: Node, port: str) -> Inbox:
    if port not in node.inputs:
        raise AssertionError(f"{node.type_name} has no input {port!r}; it has "
                             f"{', '.join(node.inputs) or 'none'}")
    return make_inbox(EdgePolicy.LOSSLESS, 1, EdgeStats(), priority=node.inputs[port].priority)
