"""What one running node is given: its ports, its log, and a word with the run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.node_api.context import Boundary
from dnne_ros.node_api.health import Health
from dnne_ros.options.filming import asked_video
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.runtime.coordination.pause import AT_BOUNDARY
from dnne_ros.runtime.debugging.halts import Halts
from dnne_ros.runtime.edges.input_port import HeldInput
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.edges.wiring import Wiring
from dnne_ros.runtime.node.at_once import AtOnce
from dnne_ros.runtime.node.by_port import ByPort
from dnne_ros.runtime.node.host_clock import HostClock, HostSteadyClock
from dnne_ros.runtime.node.node_host import NodeHost
from dnne_ros.runtime.node.recorded_logger import RecordedLogger
from dnne_ros.runtime.node.ros_actions import HostActions
from dnne_ros.runtime.node.ros_frames import HostFrames
from dnne_ros.runtime.node.ros_services import HostServices
from dnne_ros.runtime.node.ros_topics import HostTopics
from dnne_ros.runtime.regions.regions import Regions
from dnne_ros.spans.node_spans import NodeSpans
from dnne_ros.tracing.ports import Giving, Target, TracedOutput
from dnne_ros.tracing.trace import BOUNDARY
from dnne_ros.tracing.tracer import NodeTracer
from dnne_ros.transport.item_source import ItemSource, Taking
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.workflow.records import PortRef

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.pause import Pause
    from dnne_ros.runtime.coordination.run_control import RunControl
    from dnne_ros.runtime.debugging.stops import Stops
    from dnne_ros.runtime.monitoring.process_recording import NodeRecording
    from dnne_ros.runtime.replicas.replicated import Replicated


class HostContext:
    """Implements `dnne_ros.node_api.node.NodeContext` on a host and the wiring of its process."""

    spans: NodeSpans | None = None
    replicated: Replicated | None = None

    def __init__(self, host: NodeHost, graph: Graph, wiring: Wiring, settings: RunSettings,
                 control: RunControl, topics: HostTopics, services: HostServices,
                 actions: HostActions, frames: HostFrames, pause: Pause, stops: Stops,
                 regions: Regions, still_making: Callable[[], None]):
        """Serve the node of ``host``, which takes and gives nothing during a ``pause``.

        ``stops`` looks at its items while the pause is `closed`; ``regions`` are those of its
        process, of which ``still_making`` tells the others that it is not ready yet.
        """
        self.name = host.get_fully_qualified_name()
        self.node_id = host.graph_node.id
        self.priority = host.graph_node.priority
        self.title = host.graph_node.title
        self._ros_name = host.graph_node.ros_name
        self.seed = settings.seed
        self.inference = settings.inference
        self.new_episodes = settings.new_episodes
        self.strict_runtime = settings.strict_runtime
        self.still_setting_up = still_making
        self.video = asked_video(graph, settings)
        self.log = RecordedLogger(host.get_logger().name)
        self.health = Health()
        self.topics, self.services = topics, services
        self.actions, self.frames = actions, frames
        self.clock = HostClock(host)
        self.steady = HostSteadyClock()
        self.items = 0
        """Items taken so far, over all inputs: which one a failure was about."""
        self.cuts: set[str] = set()
        """Who has to see each item that the node takes and gives: see `cut`."""
        self.on_fault: Callable[[str], None] = lambda message: None
        """Called when something has gone wrong with the node, which goes on."""
        self._graph, self._control = graph, control
        self.together = wiring.together
        self._pause, self._regions = pause, regions
        self._halts = Halts(self._ros_name, pause, stops, host.graph_node.type.acts_outside,
                            self._may_drop)
        type_name = host.graph_node.type.type_name
        self._own_inputs: dict[str, ItemSource] = {
            ref.port: source for ref, source in wiring.inputs.items() if ref.node == self.node_id}
        self._held = {port for port, source in self._own_inputs.items()
                      if isinstance(source, HeldInput)}
        self._own_outputs: dict[str, OutputPort] = ByPort(
            {port: wiring.outputs[PortRef(self.node_id, port)]
             for port in host.graph_node.type.outputs}, type_name, "output")
        self._inputs: dict[str, Taking] = ByPort(self._own_inputs, type_name, "linked input")
        self._outputs: dict[str, Giving] = ByPort(self._own_outputs, type_name, "output")
        self._do_at_once(regions)
        self._tracer: NodeTracer | None = None
        self._recording: NodeRecording | None = None
        self._glance: NodeTracer | None = None
        self.traced_by: NodeTracer | None = None
        """Who records what is answered at once, if anybody does."""
        self.traced_outputs: Mapping[str, TracedOutput] = {}
        self.marks: list[NodeTracer] = []
        """Who records what is no item, always."""
        self._seen_inputs: Mapping[str, ItemSource] = self._with_items()
        self._seen_outputs: Mapping[str, Target] = self._own_outputs

    def _do_at_once(self, regions: Regions) -> None:
        at_once = AtOnce(self, self._own_inputs, self._own_outputs, regions)
        self.has_room, self.put_now = at_once.has_room, at_once.put_now
        self.put_round = at_once.put_round
        self.giving, self.answering = at_once.giving, at_once.answering
        self.supplying = at_once.supplying

    def record(self, recording: NodeRecording) -> None:
        """Let ``recording`` write down what the node takes, and what else it goes by.

        To be called before the node is made.  What it gives is recorded as by a further consumer.
        """
        self._recording = recording
        self._own_inputs.update(recording.inputs(self._own_inputs))
        self._inputs.update(self._own_inputs)
        self._seen_inputs = self._with_items()
        for clock in (self.clock, self.steady, self.topics):
            clock.recording = recording

    def note_made(self) -> None:
        """Write down that the node is made, or made anew, if anybody records."""
        if self._recording is not None:
            self._recording.note_began()

    def cut(self, who: str) -> None:
        """Take the node out of its region until ``who`` lets it `rejoin`, from now on.

        All that it takes and gives then goes through its ports, in its own coroutine.
        """
        self.cuts.add(who)
        self._regions.redraw()

    def rejoin(self, who: str) -> None:
        """Let the node be part of a region again, unless somebody else has cut it out."""
        self.cuts.discard(who)
        self._regions.redraw()

    def follow(self, spans: NodeSpans, input_of: Callable[[str, ItemSource], ItemSource],
               output_of: Callable[[str, OutputPort], Target]) -> None:
        """Let ``spans`` follow items, through what stands in the place of the ports."""
        self.spans = spans
        self.cut("spans")
        self._seen_inputs = {port: input_of(port, source)
                             for port, source in self._with_items().items()}
        self._seen_outputs = {port: output_of(port, target)
                              for port, target in self._own_outputs.items()}
        self._put_in_place()

    def _with_items(self) -> dict[str, ItemSource]:
        return {port: source for port, source in self._own_inputs.items()
                if port not in self._held}

    def trace(self, tracer: NodeTracer | None) -> None:
        """Let ``tracer`` record what the node does from now on; None: nobody.

        What records stands in the place of the ports; so while nobody does, it costs nothing.
        Inputs that hold one value have no items to record.
        """
        self._tracer = tracer
        self._put_in_place()

    def glance(self, tracer: NodeTracer | None) -> None:
        """Let ``tracer`` record what goes through the ports, but for who is traced.

        The node does all as it would otherwise, and goes on to answer items at once.
        """
        self._glance = tracer
        self._put_in_place()

    def _put_in_place(self) -> None:
        self.traced_by = tracer = self._tracer or self._glance
        self._inputs.update(self._seen_inputs)
        self._outputs.update(self._seen_outputs)
        self.clock.on_rested, self.traced_outputs = None, {}
        if tracer is not None:
            self._inputs.update({port: tracer.input(port, source)
                                 for port, source in self._seen_inputs.items()})
            self.traced_outputs = {port: tracer.output(port, target)
                                   for port, target in self._seen_outputs.items()}
            self._outputs.update(self.traced_outputs)
            self.clock.on_rested = tracer.rested

    def mark(self, what: str, number: int = 0) -> None:
        """Record that something has happened, if anybody records."""
        if self._tracer is not None:
            self._tracer.mark(what, number)
        for each in self.marks:
            each.mark(what, number)

    def is_linked(self, port: str) -> bool:
        """Tell whether an input has a source, or an output a consumer."""
        return port in self._inputs or port in self._graph.outgoing[self.node_id]

    def trainers(self, output: str) -> int:
        """Return how many consumers of a MODEL output train it."""
        return sum(self._graph.nodes[edge.target.node].type.inputs[edge.target.port].trains
                   for edge in self._graph.outgoing[self.node_id].get(output, ()))

    async def get(self, port: str, timeout: float | None) -> Any:
        """Wait for the next item of an input."""
        pause = self._pause
        if pause.closed:
            item = await self._get_closed(port, timeout)
        else:
            try:
                item = await self._inputs[port].get(timeout)
            except TimeoutError:
                if not pause.paused:
                    raise
                item = await self._get_closed(port, timeout)
            else:
                if pause.closed and not await self._halts.came(  # while it was waited for
                        port, [item], self._numbers(port)):
                    item = await self._get_closed(port, timeout)
        self.items += 1
        return item

    async def get_batch(self, port: str, max_items: int, timeout: float | None) -> list[Any]:
        """Wait for several items of an input."""
        if self._pause.closed:
            batch = await self._batch_closed(port, max_items, timeout)
        else:
            batch = await self._inputs[port].get_batch(max_items, timeout)
            if self._pause.closed and not await self._halts.came(
                    port, batch, self._numbers(port)):
                batch = await self._batch_closed(port, max_items, timeout)
        self.items += len(batch)
        return batch

    def put(self, port: str, value: Any, timeout: float | None = None
            ) -> Coroutine[Any, Any, None]:
        """Hand a value to every consumer of an output."""
        if self._pause.closed:
            return self._put_closed(port, value, timeout)
        return self._outputs[port].send(value, timeout)

    def _get_closed(self, port: str, timeout: float | None) -> Coroutine[Any, Any, Any]:
        return self._halts.get(port, self._inputs[port], self._numbers(port), timeout)

    def _batch_closed(self, port: str, max_items: int, timeout: float | None
                      ) -> Coroutine[Any, Any, list[Any]]:
        return self._halts.get_batch(port, self._inputs[port], self._numbers(port), max_items,
                                     timeout)

    def _may_drop(self, port: str) -> bool:
        """Tell whether what comes to an input need not be used."""
        edges = self._graph.incoming[self.node_id].get(port)
        return not edges or edges[0].policy is not EdgePolicy.LOSSLESS

    def _numbers(self, port: str) -> ItemSource | None:
        """Return what knows the number of the item taken last; None: there are no items."""
        return None if port in self._held else self._own_inputs[port]

    async def _put_closed(self, port: str, value: Any, timeout: float | None) -> None:
        await self._halts.goes(port, value, self._own_outputs[port].number + 1)
        await self._outputs[port].send(value, timeout)

    @property
    def may_answer(self) -> bool:
        """Tell whether items may be answered in the calls that bring them.

        Not while somebody watches, follows or debugs each of them, nor in a pause.
        """
        return not (self.cuts or self._pause.closed)

    async def give(self, port: str, value: Any) -> None:
        """Hand a value over when there is room, for the node, which waits for its next round."""
        await self._outputs[port].send(value)

    @property
    def paused(self) -> bool:
        """Tell whether the run stands still as somebody wants it to."""
        return self._pause.paused

    @property
    def sent(self) -> int:
        """Items given so far, over all outputs."""
        return sum(output.sent for output in self._outputs.values())

    def delivered(self, port: str) -> int:
        """Return how many items of an output all consumers had before a restart."""
        return self._outputs[port].delivered

    def report(self, metrics: Mapping[str, Any]) -> None:
        """Tell the run's progress display and report."""
        self.mark("report: " + ", ".join(metrics))
        self._control.report(metrics)

    def boundary(self, epoch: int, metric: float | None,
                 trigger: CheckpointTrigger | None = None, ends: str | None = None,
                 loss: float | None = None) -> Boundary:
        """Announce a moment at which the graph stands still."""
        self.mark(BOUNDARY, epoch)
        if self.spans is not None:
            self.spans.update(epoch, loss)
        if self._pause.state.until == AT_BOUNDARY:
            self._pause.set(True, f"boundary {epoch} of {self._ros_name}")
        boundary = self._control.boundary(epoch, metric, trigger, ends, loss)
        if self._recording is not None:
            self._recording.note_boundary(boundary.saves)
        return boundary

    def save_when(self, trigger: CheckpointTrigger) -> None:
        """Let ``trigger`` have its say at every boundary of this process."""
        self._control.save_when(trigger)

    async def finish(self, reason: str) -> None:
        """End the whole run in good order."""
        await self._control.stop(reason)
