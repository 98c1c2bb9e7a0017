"""Node types with all kinds of widgets, for exports in tests."""

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import String
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class Speaker(Node):
    """Say a text: "quoted", with \\ and a rather long explanation that goes on and on, so that \
the first line of this docstring is far too long for one line of generated code."""

    said = Output(String(), "What was said.")
    text = Widget("", 'The "text"; `quoted` {{ braces }} \\ # noqa')
    on = Widget(False, "A name that YAML reads as true.")
    amount = Widget(1e-05, "A small number.", minimum=0.0)
    count = Widget(0, "Any integer.")

    async def compute(self):
        """Say it."""
        return {"said": self.text}


class Listener(Node):
    """Hear a text."""

    heard = Input(String(), "What was said.")
    note = Widget("", "Anything.", live=True)

    async def compute(self, heard):
        """Log it."""
        self.context.log.info(heard)
