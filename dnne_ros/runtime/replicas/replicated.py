"""Runs one node as several: takes its items, deals them out, and gives what comes back.

To everybody else it stays one node.  Its inputs, outputs, settings, counters and name are one, its
items are taken here and nowhere else, and an item counts as handled when what came of it has
been given.  So whatever edges, restarts, checkpoints and debuggers promise of a node holds of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import describe
from dnne_ros.graph.replicas import Replicas
from dnne_ros.node_api.answering import Computed
from dnne_ros.runtime.replicas.bell import Bell
from dnne_ros.runtime.replicas.figures import Figures
from dnne_ros.runtime.replicas.replica import Replica, ReplicaGoneError
from dnne_ros.runtime.replicas.rounds import Round, Rounds, Stage
from dnne_ros.runtime.replicas.setting_up import MOST_DEATHS, set_up
from dnne_ros.runtime.replicas.states_ahead import StatesAhead
from dnne_ros.transport.item_source import ItemSource
from dnne_ros.transport.remote_reader import RemoteReader, settle_round

if TYPE_CHECKING:
    from dnne_ros.node_api.item_key import ItemKey
    from dnne_ros.node_api.keyed_states import KeyedStates
    from dnne_ros.node_api.node import Node
    from dnne_ros.runtime.monitoring.item_monitor import ItemMonitor
    from dnne_ros.runtime.node.context import HostContext

Make = Callable[["Node", int], Awaitable[Replica]]
"""Returns the replica at a place, from 1, of a node; raises what its setup raises, and
`ReplicaGoneError` if it has died."""

ROUNDS_EACH = 8
"""So many rounds for each replica are taken and not given yet, at most."""
_GRACE_SECONDS = 0.5
_RESTART_GRACE = 0.05
"""What hangs is likely why a node is made anew."""


class Replicated:
    """The replicas of one node."""

    def __init__(self, asked: Replicas, count: int, context: HostContext,
                 inputs: Mapping[str, ItemSource], make: Make, key: ItemKey | None):
        """Have ``count`` replicas, which ``make`` returns, work for the node of ``context``.

        ``inputs`` are its linked ones, as the edges bring them; ``key`` tells what a round of
        their items belongs to, None: to nothing.
        """
        self._key = key
        self._count = count
        self._context = context
        self._make = make
        self._readers = [source for source in inputs.values() if isinstance(source, RemoteReader)]
        for reader in self._readers:
            reader.hold()
        self._rounds = Rounds(key is not None, asked.unordered)
        self._bell = Bell()
        self._replicas: dict[int, Replica] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._node: Node | None = None
        self._ahead = StatesAhead()
        self._changes: dict[str, Any] = {}
        self._began = 0
        self._partial: dict[str, Any] = {}
        self._numbers: dict[RemoteReader, int] = {}
        self._at_hand: Round | None = None
        self._awaited: Round | None = None
        self._failure: BaseException | None = None
        self.figures = Figures()
        self.all_there = count
        """How many there were when all were there that were wanted: keys are dealt to these."""
        self.at = 0
        """Whose turn it is, or was last; later rounds have been taken already."""

    @property
    def count(self) -> int:
        """How many there are to be."""
        return self._count

    @property
    def at_work(self) -> int:
        """How many are at work on an item."""
        return self.figures.at_work

    @property
    def states(self) -> KeyedStates | None:
        """The states of the node, as of the items whose results it has given."""
        return None if self._node is None else self._node.keyed_states

    def scale(self, count: int) -> None:
        """Have another number of replicas; those that are too many end their item first."""
        self._count = count
        self.all_there = min(self.all_there, count)
        self._context.log.info(f"has {count} replicas from now on")
        if self._node is not None:
            self._fit()

    def change(self, name: str, value: Any) -> None:
        """Let a live widget have another value in all of them, and in those to come."""
        self._changes[name] = value
        for replica in self._replicas.values():
            replica.change(name, value)

    async def process(self, node: Node, monitor: ItemMonitor) -> None:
        """Do what `Node.process` does, for ``node``; ``monitor`` is told of each round.

        Raises the error of a round when it is its turn, and goes on with the next when it is
        called again.
        """
        if node is not self._node:
            await self._begin_with(node)
        self._settle()
        self._fit()
        taking = asyncio.get_running_loop().create_task(self._take(node))
        taking.add_done_callback(lambda _: self._bell.ring())
        try:
            while True:
                await self._give(await self._next(monitor, taking), node, monitor)
        finally:
            taking.cancel()
            await asyncio.wait({taking})

    async def close(self, seconds: float = _GRACE_SECONDS) -> None:
        """End all replicas; their rounds are for others."""
        tasks, self._tasks = list(self._tasks.values()), {}
        replicas, self._replicas = list(self._replicas.values()), {}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(replica.close(seconds) for replica in replicas))
        self.figures.end_all()
        self._rounds.again()

    async def _begin_with(self, node: Node) -> None:
        """Have replicas of ``node`` and of no other; the item at which it hung is given up."""
        if self._node is not None:
            await self.close(_RESTART_GRACE)
        self._node = node
        awaited, self._awaited = self._awaited, None
        if awaited is not None and awaited.stage is not Stage.DONE:
            self._rounds.remove(awaited)
            self._at_hand = awaited

    def _settle(self) -> None:
        """Be done with the round that was given last, or given up."""
        if self._at_hand is not None:
            settle_round(self._at_hand.handled)
            if self._at_hand.state is not None and self.states is not None:
                self._ahead.settle(self._at_hand.state, self.states)
            self._at_hand = None

    def _fit(self) -> None:
        """Have as many replicas as are wanted."""
        for place in range(1, self._count + 1):
            if place not in self._replicas and place not in self._tasks:
                self._start(place, self._open(place))
        for place in [each for each in self._replicas if each > self._count]:
            if place not in self._tasks:
                self.figures.forget(place)
                self._start(place, self._replicas.pop(place).close(_GRACE_SECONDS))
        if all(place in self._replicas for place in range(1, self._count + 1)):
            self.all_there = self._count
        self._deal()

    def _start(self, place: int, work: Any) -> None:
        """Let one replica do something; it does one thing at a time."""
        task = self._tasks[place] = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda done: self._through(place, done))

    def _through(self, place: int, done: asyncio.Task[None]) -> None:
        if self._tasks.get(place) is done:
            del self._tasks[place]
            if not done.cancelled() and (error := done.exception()) is not None:
                self._give_up(place, error)
            else:
                self._fit()
        self._bell.ring()

    async def _open(self, place: int) -> None:
        assert self._node is not None  # whose replica it is
        replica = self._replicas[place] = await set_up(
            partial(self._make, self._node, place), partial(self._note_death_at_setup, place))
        for name, value in self._changes.items():
            replica.change(name, value)

    def _note_death_at_setup(self, place: int, gone: ReplicaGoneError) -> None:
        self.figures.note_death(place)
        self._context.log.warning(f"replica {place} {gone} while it was set up")

    def _give_up(self, place: int, error: BaseException) -> None:
        """Do without a replica that could not be set up, if there were enough before it."""
        if place <= self.all_there:
            self._failure = error
            return
        self._count = self.all_there
        self._context.log.error(f"replica {place} could not be set up: {describe(error)}; it has "
                                f"{self._count} replicas, as before")
        self._fit()

    def _deal(self) -> None:
        """Give rounds to whoever is free: so a slow replica gets fewer."""
        free = [place for place in sorted(self._replicas, key=self.figures.free_since)
                if place <= self._count and place not in self._tasks]
        for place, round in self._rounds.deal(free, self.all_there):
            self._start(place, self._work(place, round))

    async def _work(self, place: int, round: Round) -> None:
        round.began = time.monotonic()
        self.figures.begin(place)
        outputs: Computed = None
        error: BaseException | None = None
        state = None if self.states is None else self._ahead.lend(round.key, self.states)
        try:
            outputs = await self._replicas[place].compute(round.items, state)
        except ReplicaGoneError as gone:
            self._note_death(place, round, gone)
            return
        except asyncio.CancelledError as cancelled:
            if self._tasks.get(place) is not asyncio.current_task():
                raise  # by `close`; else its compute has raised it
            error = cancelled
        except BaseException as raised:  # it is raised when it is the round's turn
            error = raised
        finally:
            self.figures.end(place)
        self.figures.count(place)
        if state is not None:
            self._ahead.take_back(state)
            round.state = state
        round.end(outputs, error, time.monotonic())
        self._rounds.note_end(round)

    def _note_death(self, place: int, round: Round, gone: ReplicaGoneError) -> None:
        """Let another replica work on the round of one that has died, which comes back."""
        del self._replicas[place]
        self.figures.note_death(place)
        round.deaths += 1
        if round.deaths < MOST_DEATHS:
            self._rounds.again(lambda each: each is round)
            self._context.log.warning(
                f"replica {place} {gone}; its item goes to another, and one takes its place")
        else:
            round.end(None, RuntimeError(
                f"{MOST_DEATHS} replicas have died over this item; the last one {gone}"),
                time.monotonic())
            self._rounds.note_end(round)

    async def _take(self, node: Node) -> None:
        """Take items, round by round, while there is somebody to work on them."""
        linked = [port for port in node.inputs if self._context.is_linked(port)]
        unlinked = dict.fromkeys(port for port in node.inputs if port not in linked)
        while True:
            while not self._may_take():
                await self._bell.wait()
            error: Exception | None = None
            try:
                for port in linked[len(self._partial):]:
                    self._partial[port] = await self._context.get(port, None)
            except Exception as raised:  # an item that cannot be read; its round is over
                error = raised
            items, self._partial = self._partial, {}
            self._add({**unlinked, **items}, error)

    def _may_take(self) -> bool:
        """Tell whether a round more would find a replica that is free, or has to be looked at.

        To know who a key's items are for, they are taken first.
        """
        if len(self._rounds) >= ROUNDS_EACH * self._count:
            return False
        free = sum(place <= self._count and place not in self._tasks for place in self._replicas)
        return self._key is not None or self._rounds.waiting < free

    def _add(self, items: dict[str, Any], error: Exception | None) -> None:
        self._began += 1
        numbers = {reader: reader.number for reader in self._readers}
        round = Round(self._began, items, handled={
            reader: number for reader, number in numbers.items()
            if number != self._numbers.get(reader)})
        self._numbers = numbers
        if self._context.spans is not None:
            round.followed = self._context.spans.leave()
        if error is None and self._key is not None:
            try:
                round.key = self._key(items)
            except Exception as raised:  # the function is the node type's own
                error = raised
        if error is not None:
            round.end(None, error, time.monotonic())
        self._rounds.add(round)
        self._deal()
        self._bell.ring()

    async def _next(self, monitor: ItemMonitor, taking: asyncio.Task[None]) -> Round:
        """Return the round to be given next, once it is done."""
        shown: Round | None = None
        while True:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if taking.done():
                taking.result()
            round = self._rounds.next
            if round is not None and round is not shown:
                shown, self.at = round, round.number
                monitor.begin_round()
            if round is not None and round.stage is Stage.DONE and round.began is not None:
                monitor.end_round(round.ended - round.began, round.began)
                return round
            monitor.await_round(None if round is None else round.began)
            try:
                await self._bell.wait()
            except asyncio.CancelledError:
                if round is not None and round.stage is Stage.AT_WORK:
                    self._awaited = round
                raise

    async def _give(self, round: Round, node: Node, monitor: ItemMonitor) -> None:
        """Send what came of a round, or raise its error; the next one follows in any case."""
        self._rounds.remove(round)
        self._at_hand = round
        spans = self._context.spans
        try:
            if round.error is not None:
                raise round.error
            if spans is not None and round.followed is not None:
                spans.take_up(round.followed)
            for port, value in (round.outputs or {}).items():
                await node.context.put(port, value)
        except Exception:
            self._settle()
            raise
        finally:
            if spans is not None:
                spans.put_down()
        self._settle()
        self._bell.ring()
