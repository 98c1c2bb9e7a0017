"""Runs nodes of a recording again, on what they were given then."""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from dnne_ros.errors import FOREIGN_ERRORS, DnneError, InputError, NodeError, describe
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.state import NodeState
from dnne_ros.options.first_states import read_first
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.recording.chunk_cache import Message
from dnne_ros.recording.node_log import Kind, Row
from dnne_ros.recording.recording import Recording
from dnne_ros.replaying.context import ReplayContext, RunFacts
from dnne_ros.replaying.feed import Ended, NodeFeed
from dnne_ros.replaying.items import Changes, Items, fetching
from dnne_ros.replaying.outcome import Outcome
from dnne_ros.replaying.outputs import Checked, HandedOn, Output
from dnne_ros.replaying.plan import Plan, is_handed_on
from dnne_ros.replaying.recorded_loop import RecordedLoop
from dnne_ros.replaying.showing import Shown, Shows, show
from dnne_ros.transport.codecs import BytesCodec, StringCodec, codec_for
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.workflow.records import PortRef

_SETTLE_SECONDS = 0.1
"""What nodes have behind the last item, in the time of the recording."""


@dataclass
class _Replayed:
    """A node that runs again."""

    name: str
    node: Node
    feed: NodeFeed
    outputs: dict[str, Output]
    checked: dict[str, Checked]
    updates: Changes | None = None


class Replay:
    """The nodes of a plan, and what they are given."""

    def __init__(self, graph: Graph, recording: Recording, plan: Plan, loop: RecordedLoop, *,
                 tolerance: float = 0.0, until: float | None = None,
                 say: Callable[[str], None] = print):
        """Prepare to run the nodes of ``plan`` in ``loop``; `InputError` if one cannot be made.

        Numbers may differ by ``tolerance``.  ``until``: seconds from the recording's begin.
        """
        self.outcome = Outcome()
        self._graph = graph
        self._recording = recording
        self._loop = loop
        self._tolerance = tolerance
        self._until = until
        self._run = RunFacts(
            recording.run.get("namespace", "/"), int(recording.run.get("seed", "0")),
            recording.run.get("inference") == "true",
            recording.run.get("new_episodes") == "true", say,
            lambda metrics: self.outcome.reports.append(dict(metrics)))
        self._through: asyncio.Future[None] = loop.create_future()
        self._places: list[int] = []
        self._shown: Shown = []
        self._handed: dict[PortRef, HandedOn] = {}
        states = self._states(plan)
        self._nodes = {id: self._make(id, plan) for id in plan.nodes}
        for ref, handed in self._handed.items():
            edge = graph.incoming[ref.node][ref.port][0]
            self._nodes[edge.source.node].outputs[edge.source.port].consumers.append(handed)
            handed.on_sent = self._nodes[ref.node].feed.go_on
        for id, state in states.items():
            try:
                self._nodes[id].node.load_state(state)
            except ValueError as error:
                raise InputError("checkpoint in the recording", [
                    f"{self._nodes[id].name}: {error}"]) from None
        loop.threads_work = lambda: any(each.node.blocking_calls_run
                                        for each in self._nodes.values())

    def run(self) -> Outcome:
        """Run until the recording ends; `NodeError` if a node fails."""
        self._loop.run_until_complete(self._live())
        self._finish()
        return self.outcome

    def interrupt(self) -> None:
        """End it where it is."""
        self.outcome.interrupted = True
        self._stop()

    def _stop(self) -> None:
        if not self._through.done():
            self._through.set_result(None)

    def show_on(self, stage: Shows) -> list[str]:
        """Show the items of all nodes on ``stage``; returns what is wrong with some topics."""
        again = {(each.name, port): each.checked.get(port)
                 for each in self._nodes.values() for port in each.outputs}
        self._shown, unknown = show(self._recording, again, stage, self._seconds)
        return unknown

    async def _live(self) -> None:
        self._loop.restart()
        # By the time, as some nodes always have something to do: they look after a silence, say.
        self._loop.call_at(self._seconds + _SETTLE_SECONDS, self._look)
        tasks = {self._loop.create_task(self._run_node(each)) for each in self._nodes.values()}
        tasks |= {self._loop.create_task(each) for each in self._shown}
        try:
            running: set[asyncio.Future[Any]] = {*tasks}
            while running and not self._through.done():
                done, _ = await asyncio.wait({*running, self._through},
                                             return_when=asyncio.FIRST_COMPLETED)
                for task in done - {self._through}:
                    task.result()
                running -= done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in self._nodes.values():
                await each.node.close()
                await each.node.end_blocking()

    async def _run_node(self, replayed: _Replayed) -> None:
        try:
            await replayed.node.process()
        except DnneError:
            raise
        except FOREIGN_ERRORS as error:
            raise NodeError(f"{replayed.name} (item {replayed.feed.taken})", describe(error)) \
                from error

    def _look(self) -> None:
        self._loop.call_when_idle(self._end)

    def _end(self) -> None:
        """End, unless nodes are behind the time.

        Or one waits for what comes behind an item that it has not sent again.
        """
        places = [each.feed.place for each in self._nodes.values()]
        is_behind, self._places = places != self._places, places
        if is_behind or any(each.feed.skip_unsent() for each in self._nodes.values()):
            self._loop.call_later(_SETTLE_SECONDS, self._look)
        else:
            self._stop()

    @property
    def _seconds(self) -> float:
        """Return for how long it goes on, in the time of the recording."""
        seconds = (self._recording.end_ns - self._recording.begin_ns) * 1e-9
        return seconds if self._until is None else min(seconds, self._until)

    def _make(self, id: str, plan: Plan) -> _Replayed:
        graph, recording = self._graph, self._recording
        record = graph.nodes[id]
        name = record.ros_name
        fetch: dict[int, Callable[[int], Any]] = {
            place: self._fetch(PortRef(id, port), plan)
            for place, port in enumerate(record.type.inputs)
            if port in graph.incoming[id] or PortRef(id, port) in graph.external}
        feed = NodeFeed(self._rows(name), recording.begin_ns, self._loop, fetch,
                        lambda row: self._apply(self._nodes[id], row))
        checked: dict[str, Checked] = {}
        outputs = {port: self._output(PortRef(id, port), place, feed, checked)
                   for place, port in enumerate(record.type.outputs)}
        self.outcome.checked += checked.values()
        context = ReplayContext(graph, id, self._run, outputs, feed)
        node = record.type(record.values)
        node.context = context
        try:
            node.setup()
        except FOREIGN_ERRORS as error:
            if isinstance(error, DnneError):
                raise
            raise NodeError(name, f"setup() failed: {describe(error)}") from error
        return _Replayed(name, node, feed, outputs, checked)

    def _rows(self, name: str) -> Sequence[Row]:
        """Return what a node did, up to where it was made anew, and as long as is asked for."""
        rows = self._recording.rows(name)
        again = [place for place, row in enumerate(rows) if row.kind == Kind.BEGAN]
        if len(again) > 1:
            seconds = (rows[again[1]].time_ns - self._recording.begin_ns) * 1e-9
            self.outcome.notes.append(f"{name} was made anew after {seconds:.3f} s: it is "
                                      "replayed until then")
            rows = rows[:again[1]]
        rows = [row for row in rows if row.kind != Kind.BEGAN]
        if self._until is None:
            return rows
        end = self._recording.begin_ns + self._until * 1e9
        return [row for row in rows if row.time_ns <= end]

    def _until_end(self, messages: Iterator[Message]) -> Iterator[Message]:
        """Yield what was sent before it ends: what a node does behind that nobody asks for."""
        end = self._recording.begin_ns + math.ceil(self._seconds * 1e9)
        return takewhile(lambda message: message.time_ns <= end, messages)

    def _fetch(self, ref: PortRef, plan: Plan) -> Callable[[int], Any]:
        """Return what gives the items of an input."""
        graph, recording = self._graph, self._recording
        edges = graph.incoming[ref.node].get(ref.port)
        if not edges:
            type = graph.external_type(ref)
            messages = recording.external_items(graph.nodes[ref.node].ros_name, ref.port)
            return fetching(Items(messages), _decoder(type))
        edge = edges[0]
        if is_handed_on(edge):
            return self._handed.setdefault(ref, HandedOn()).take
        port = graph.nodes[ref.node].type.inputs[ref.port]
        messages = recording.items(graph.nodes[edge.source.node].ros_name, edge.source.port)
        decode = _decoder(edge.type)
        if port.trains and edge.type.feedback:
            decode = self._trained(ref, decode)
        return fetching(Items(messages, in_order=port.priority is None
                              or edge.policy is not EdgePolicy.LOSSLESS), decode)

    def _trained(self, ref: PortRef, decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        """Return a ``decode`` whose values are compared when their node changes them."""
        name = self._graph.nodes[ref.node].ros_name
        type = self._graph.incoming[ref.node][ref.port][0].type
        checked = Checked(name, f"{ref.port}/_updates",
                          Items(self._until_end(self._recording.changes(name, ref.port))), type,
                          type.pack_update, self._tolerance, self._recording.begin_ns)
        self.outcome.checked.append(checked)
        numbers = count(1)

        def watched(data: bytes) -> Any:
            value = decode(data)
            value.on_change(lambda change: checked.check(next(numbers), change))
            return value

        return watched

    def _output(self, ref: PortRef, place: int, feed: NodeFeed, checked: dict[str, Checked]
                ) -> Output:
        graph, recording = self._graph, self._recording
        name = graph.nodes[ref.node].ros_name
        type = graph.output_types.get(ref) or graph.nodes[ref.node].type.outputs[ref.port].type
        if recording.holds(name, ref.port):
            checked[ref.port] = Checked(
                name, ref.port, Items(self._until_end(recording.items(name, ref.port))), type,
                type.pack,
                self._tolerance, recording.begin_ns)
        return Output(recording, name, ref.port, place, type, feed, checked.get(ref.port))

    def _apply(self, replayed: _Replayed, row: Row) -> None:
        """Do what happened to a node while it was waiting."""
        if row.kind == Kind.PARAMETER:
            said = json.loads(StringCodec().decode(next(
                each.data for each in self._recording.parameters(replayed.name)
                if each.number == row.number)))
            replayed.node.values[said["name"]] = said["value"]
            replayed.node.widget_changed(said["name"])
        elif row.kind == Kind.UPDATED:
            port = list(replayed.outputs)[row.port]
            edges = self._graph.outgoing[replayed.node.context.node_id][port]
            self._update(replayed, port, row, edges)

    def _update(self, replayed: _Replayed, port: str, row: Row, edges: Any) -> None:
        if replayed.updates is None:
            edge = next(each for each in edges if self._graph.nodes[each.target.node].type.inputs[
                each.target.port].trains)
            replayed.updates = Changes(
                self._recording.changes(self._graph.nodes[edge.target.node].ros_name,
                                        edge.target.port), BytesCodec().decode)
        change = replayed.updates.find(row.number)
        if change is None:
            raise Ended
        if (model := replayed.outputs[port].newest) is not None:
            model.apply(edges[0].type.unpack_update(change))

    def _states(self, plan: Plan) -> Mapping[str, NodeState]:
        """Return the states that the nodes began with."""
        files = self._recording.checkpoint()
        if not files:
            return {}
        with tempfile.TemporaryDirectory() as folder:
            for name, data in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            checkpoint = read_first(self._graph, RunSettings(
                load_checkpoint_dir=folder, allow_missing=True), plan.nodes)
            assert checkpoint is not None  # it has a directory
            states = checkpoint.states()
        return {id: state for id, state in states.items() if id in plan.nodes}

    def _finish(self) -> None:
        """Note what was not sent again."""
        for each in self._nodes.values():
            feed, inputs, ports = each.feed, list(each.node.inputs), list(each.outputs)
            self.outcome.taken += feed.taken
            unsent, row = list(feed.skipped), feed.row
            if row is not None and row.kind == Kind.SENT:
                unsent.append(row)
            elif row is not None and row.kind == Kind.TAKEN and feed.asked:
                asked = ", ".join(inputs[port] for port in feed.asked)
                self.outcome.notes.append(
                    f"{each.name} has stopped: it took item {row.number} of {inputs[row.port]} "
                    f"here, and now waits at {asked}")
            for row in unsent:
                if (checked := each.checked.get(ports[row.port])) is not None:
                    checked.miss(row.number, row.time_ns)


def _decoder(type: Any) -> Callable[[bytes], Any]:
    decode, unpack = codec_for(type.sent_as()).decode, type.unpack
    return lambda data: unpack(decode(data))
