"""Nodes that show values to a person."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import as_doubles, dtype_name, is_tensor
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, String
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    import torch

_FEW = 8
"""Elements of a tensor that are shown one by one."""
_LONGEST = 200


class DisplayNode(Node):
    """Log what arrives: the newest value, at most so many times a second.

    It never holds the graph back: its input keeps the latest item only, and what was overtaken
    there counts for nobody.
    """

    aliases = ("Display", "Debug", "DebugNode", "PreviewAny")
    foreign_widgets = {"PreviewAny": ("preview_markdown", "preview_text", "previewMode")}
    category = "show"
    without_torch = True

    value = Input(AnyValue(), "What to show.", policy=EdgePolicy.LATEST,
                  aliases=("input", "input_0", "tensor", "anything", "source"))
    text = Output(String(), "The line that was logged.")
    title = Widget("", "What to write before the value; empty: nothing.", live=True)
    rate = Widget(1.0, "Most lines in a second.", minimum=0.001, maximum=1000.0, unit="Hz",
                  live=True)
    display_type = Widget("auto", "auto: the value, of a large tensor its shape, mean and range; "
                          "or always the one, the other, or what kind of value it is.",
                          choices=("auto", "tensor_stats", "value", "type"), live=True)
    log_interval = Widget(1, "Of so many values that it takes, the last is shown.", minimum=1,
                          maximum=1_000_000_000, live=True)

    async def process(self) -> None:
        """Log the newest value, then rest; what came meanwhile is next."""
        taken = 0
        while True:
            value = await self.get_input("value")
            taken += 1
            if taken < self.log_interval:
                continue
            taken = 0
            text = _SHOWN_AS[self.display_type](value)
            line = f"{self.title}: {text}" if self.title else text
            self.context.log.info(line)
            await self.send_output(line, "text")
            await asyncio.sleep(1.0 / self.rate)


def summarise(value: Any) -> str:
    """Return a value in one line; of a large tensor its shape, mean and range."""
    if is_tensor(value) and math.prod(value.shape) > _FEW:
        return statistics(value)
    return in_full(value)


def statistics(value: Any) -> str:
    """Return a tensor's shape, mean and range in one line; another value in full."""
    if not is_tensor(value) or not math.prod(value.shape):
        return in_full(value)
    shape = "×".join(str(size) for size in value.shape) or "1"
    numbers = as_doubles(value)
    return (f"{shape} {dtype_name(value)} "
            f"mean {numbers.mean():.4g} min {numbers.min():.4g} max {numbers.max():.4g}")


def in_full(value: Any) -> str:
    """Return a value in one line of at most 200 characters."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if is_tensor(value):
        return _elements(value)[:_LONGEST]
    return " ".join(repr(value).split())[:_LONGEST]


def _elements(tensor: torch.Tensor) -> str:
    """Return the elements of a tensor, or as many as a line may hold."""
    if math.prod(tensor.shape) <= _FEW:
        return f"{tensor.tolist()}"
    first = ", ".join(str(number) for number in tensor.flatten()[:_LONGEST].tolist())
    return f"[{first}]"


def kind(value: Any) -> str:
    """Return what kind of value it is: ``Tensor float32 3×4``, ``dict``."""
    if not is_tensor(value):
        return type(value).__name__
    shape = "×".join(str(size) for size in value.shape)
    return f"Tensor {dtype_name(value)} {shape}".rstrip()


_SHOWN_AS: dict[str, Callable[[Any], str]] = {
    "auto": summarise, "tensor_stats": statistics, "value": in_full, "type": kind}
