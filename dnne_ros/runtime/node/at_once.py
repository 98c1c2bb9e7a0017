"""What a node does in the calls that bring what it goes by, instead of in its coroutine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic_ns
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.answering import AnswerItems
from dnne_ros.node_api.supply import Supply
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Giver, Member, Supplier
from dnne_ros.runtime.regions.regions import Regions
from dnne_ros.transport.item_source import ItemSource
from dnne_ros.transport.local_edge import LocalEdge

if TYPE_CHECKING:
    from dnne_ros.runtime.node.context import HostContext


class AtOnce:
    """Implements that part of `dnne_ros.node_api.node.NodeContext` for one node."""

    def __init__(self, context: HostContext, inputs: Mapping[str, ItemSource],
                 outputs: Mapping[str, OutputPort], regions: Regions):
        """Serve the node of ``context`` with its ports, in the ``regions`` of its process."""
        self._context = context
        self._inputs = inputs
        self._outputs = outputs
        self._regions = regions
        self._giver: Giver | None = None

    def has_room(self, ports: Sequence[str]) -> bool:
        """Tell whether none of these outputs makes its sender wait, and nothing else does."""
        for port in ports:  # without a generator: robots wait for it
            if not self._outputs[port].has_room:
                return False
        return self._context.may_answer

    def put_now(self, port: str, value: Any) -> None:
        """Hand a value over, in a callback of the event loop."""
        traced = self._context.traced_outputs.get(port)
        began = 0 if traced is None else monotonic_ns()
        self._outputs[port].send_now(value)
        if traced is not None:
            traced.note_sent(value, began)

    def put_round(self, values: Mapping[str, Any]) -> None:
        """Hand over what belongs together, in a callback of the event loop."""
        giver = self._giver
        if giver is None or giver.region is None or not giver.region.push(values):
            with self._context.together():
                for port, value in values.items():
                    self.put_now(port, value)

    @contextmanager
    def giving(self, ports: Sequence[str]) -> Iterator[None]:
        """Let what is behind these outputs be answered in the calls of `put_round`."""
        self._giver = Giver(self._context, self._outputs, ports)
        self._regions.join(self._giver)
        try:
            yield
        finally:
            self._regions.leave(self._giver)
            self._giver = None

    @contextmanager
    def supplying(self, ports: Sequence[str], values: Iterable[Any]) -> Iterator[Supply]:
        """Let a region that begins with these outputs take ``values``."""
        supply = Supply(values)
        member = Supplier(self._context, self._outputs, ports, supply)
        self._regions.join(member)
        try:
            yield supply
        finally:
            self._regions.leave(member)

    @contextmanager
    def answering(self, ports: Sequence[str], answer: AnswerItems,
                  ready: Callable[[], bool] | None = None) -> Iterator[None]:
        """Answer items in the calls that bring them, where all come from this process."""
        edges = {port: source for port in ports
                 if isinstance(source := self._inputs[port], LocalEdge)}
        if len(edges) < len(ports):
            yield
            return
        member = Member(self._context, edges, self._outputs, answer, ready)
        self._regions.join(member)
        try:
            yield
        finally:
            self._regions.leave(member)
