"""Nodes that bring streams together."""

from __future__ import annotations

from dnne_ros.node_api.answering import ByName, answer_items
from dnne_ros.node_api.inline import Inline
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.toolkit.side_by_side import side_by_side


class ORNode(Node):
    """Pass on whatever arrives, each item once, none lost when two arrive together.

    Items of one input keep their order.  A merge starts a loop: the environment's first
    observations come in beside those that the loop brings back.
    """

    aliases = ("OR",)
    category = "flow"
    answers_items = True
    fires_on_any = True
    without_torch = True
    inline = Inline("item")

    input_a = Input(AnyValue(), "A stream.", optional=True)
    input_b = Input(AnyValue(), "Another stream of the same type.", optional=True)
    input_c = Input(AnyValue(), "Another stream of the same type.", optional=True)
    output = Output(AnyValue(), "Everything that came, as it came.")

    async def process(self) -> None:
        """Pump each linked input into the output."""
        passed_on = ByName(lambda item: {"output": item}, ("item",), compiled=self.inline)
        await side_by_side(*(answer_items(self, (name,), passed_on)
                             for name in self.inputs if self.context.is_linked(name)))
