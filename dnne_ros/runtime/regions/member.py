"""A node, or a part of it, that answers items: what regions are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.node_api.answering import AnswerItems
from dnne_ros.node_api.supply import Supply
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.transport.local_edge import LocalEdge

if TYPE_CHECKING:
    from dnne_ros.runtime.node.context import HostContext


class Member:
    """What answers items of the inputs ``ports`` of ``node``: a `Unit` that runs."""

    pushed = False

    def __init__(self, context: HostContext, inputs: Mapping[str, LocalEdge],
                 outputs: Mapping[str, OutputPort], answer: AnswerItems,
                 ready: Callable[[], bool] | None = None):
        """Call ``answer`` with an item of each of ``inputs``; it returns some of ``outputs``.

        ``ready()`` tells whether it may be called for the next round; None: always.
        """
        self.context = context
        self.node = context.node_id
        self.ports = tuple(inputs)
        self.inputs = tuple(inputs.values())
        self.first: LocalEdge | Supply = self.inputs[0]
        """Where its coroutine waits while it holds no item."""
        self.outputs = outputs
        self.answer = answer
        self.ready = ready
        self.gives = tuple(outputs)
        """The outputs that it gave last: it is expected to give these again."""

    @property
    def has_items(self) -> bool:
        """Tell whether it has what it takes for a round."""
        return all(edge.waiting() for edge in self.inputs)

    @property
    def is_parked(self) -> bool:
        """Tell whether its coroutine waits for a round to begin, and nobody looks at it."""
        return self.first.is_parked() and self.context.may_answer


class Supplier(Member):
    """A node that gives values which it need not wait for: it is asked for them."""

    def __init__(self, context: HostContext, outputs: Mapping[str, OutputPort],
                 gives: Sequence[str], supply: Supply):
        """Give the outputs ``gives`` what ``supply`` has, of all ``outputs``."""
        self.context = context
        self.node = context.node_id
        self.ports = self.inputs = ()
        self.first = self.supply = supply
        self.outputs = outputs
        self.ready = None
        self.gives = tuple(gives)

    @property
    def has_items(self) -> bool:
        """Tell whether it has anything more to give."""
        return not self.supply.ended


class Pushed(Protocol):
    """A region that begins with a `Giver`."""

    def push(self, values: Mapping[str, Any]) -> bool:
        """Make a round of what it gives, by port; false: nothing was done."""
        ...


class Giver(Member):
    """A node that gives what it makes of messages from outside, in the calls that bring them.

    It waits for no item of the graph.
    """

    pushed = True

    def __init__(self, context: HostContext, outputs: Mapping[str, OutputPort],
                 gives: Sequence[str]):
        """Give the outputs ``gives`` at once, of all ``outputs``."""
        self.context = context
        self.node = context.node_id
        self.ports = self.inputs = ()
        self.outputs = outputs
        self.ready = None
        self.gives = tuple(gives)
        self.values: Mapping[str, Any] = {}
        """What it gives, by port."""
        self.answer = lambda: self.values
        self.region: Pushed | None = None
        """What makes rounds of what it gives; None: nothing does."""

    @property
    def is_parked(self) -> bool:
        """Tell whether nobody looks at it."""
        return self.context.may_answer


def raisable(error: BaseException) -> BaseException:
    """Return what a future can hold in the place of ``error``."""
    if not isinstance(error, StopIteration):
        return error
    raised = RuntimeError("answer raised StopIteration")
    raised.__cause__ = error
    return raised


async def send_all(member: Member, given: Mapping[str, Any]) -> None:
    """Send what a member gave, waiting for room as it would."""
    try:
        for port, value in given.items():
            await member.context.give(port, value)
    except Exception as error:  # of the node, as above
        member.first.fail(raisable(error))
