"""Nodes that show values to a person."""

from __future__ import annotations

import asyncio
from typing import Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, String
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.transport.policy import EdgePolicy


class DisplayNode(Node):
    """Log what arrives: the newest value, at most so many times a second.

    It never holds the graph back: its input keeps the latest item only.
    """

    aliases = ("Display", "Debug", "DebugNode", "PreviewAny")
    foreign_widgets = {"PreviewAny": ("preview_markdown", "preview_text", "previewMode")}
    category = "show"

    value = Input(AnyValue(), "What to show.", aliases=("input", "tensor", "anything", "source"),
                  policy=EdgePolicy.LATEST)
    text = Output(String(), "The line that was logged.")
    title = Widget("", "What to write before the value; empty: nothing.", live=True)
    rate = Widget(1.0, "Most lines in a second.", minimum=0.001, maximum=1000.0, unit="Hz",
                  live=True)

    async def process(self) -> None:
        """Log the newest value, then rest; what came meanwhile is next."""
        while True:
            value = await self.get_input("value")
            line = f"{self.title}: {summarise(value)}" if self.title else summarise(value)
            self.context.log.info(line)
            await self.send_output(line, "text")
            await asyncio.sleep(1.0 / self.rate)


def summarise(value: Any) -> str:
    """Return a value in one line; of a large tensor its shape, mean and range."""
    if not hasattr(value, "detach"):
        return (f"{value:.6g}" if isinstance(value, float)
                else " ".join(repr(value).split())[:200])
    tensor = value.detach()
    if tensor.numel() <= 8:
        return f"{tensor.tolist()}"
    shape = "×".join(str(size) for size in tensor.shape)
    numbers = tensor.float()
    return (f"{shape} {str(tensor.dtype).removeprefix('torch.')} "
            f"mean {numbers.mean():.4g} min {numbers.min():.4g} max {numbers.max():.4g}")
