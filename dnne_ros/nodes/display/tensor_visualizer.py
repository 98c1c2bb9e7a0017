"""Tensors as pictures."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Image, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.display.display import summarise
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    import torch

_MOST_TILES = 64


class TensorVisualizer(Node):
    """Show a tensor as a picture: its last two axes are tiles, from its lowest to its highest.

    Three channels in front of the last two axes are colours; other axes are laid out as a grid of
    at most 64 tiles.  It never holds the graph back: its input keeps the latest item only.
    """

    category = "show"

    tensor = Input(Tensor(), "What to show.", aliases=("input", "images"),
                   policy=EdgePolicy.LATEST)
    visualization = Output(Image(), "The picture: uint8, (height, width) or with three channels.")
    title = Widget("", "What to write before the line in the log; empty: nothing.", live=True)
    rate = Widget(2.0, "Most pictures in a second.", minimum=0.001, maximum=1000.0, unit="Hz",
                  live=True)

    async def process(self) -> None:
        """Show the newest tensor, then rest; what came meanwhile is next."""
        first = True
        while True:
            tensor = await self.get_input("tensor")
            if first:
                line = summarise(tensor)
                self.context.log.info(f"{self.title}: {line}" if self.title else line)
                first = False
            await self.send_output(picture_of(tensor), "visualization")
            await asyncio.sleep(1.0 / self.rate)


def picture_of(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor of any shape as uint8 (height, width) or (height, width, 3).

    Values from the lowest to the highest finite one become 0 to 255; others are 0.
    """
    import torch

    values = tensor.detach().cpu().to(torch.float32)
    values = values.reshape((1,) * max(0, 2 - values.dim()) + tuple(values.shape))
    colours = values.dim() >= 3 and values.shape[-3] == 3
    tile = tuple(values.shape[-3:] if colours else (1, *values.shape[-2:]))
    tiles = values.reshape(-1, *tile)[:_MOST_TILES]
    tiles = _to_bytes(tiles)
    columns = math.ceil(math.sqrt(len(tiles))) or 1
    rows = math.ceil(len(tiles) / columns) or 1
    channels, height, width = tile
    grid = torch.zeros(rows * columns, channels, height, width, dtype=torch.uint8)
    grid[:len(tiles)] = tiles
    picture = grid.reshape(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    picture = picture.reshape(rows * height, columns * width, channels).contiguous()
    return picture if colours else picture[:, :, 0].contiguous()


def _to_bytes(values: torch.Tensor) -> torch.Tensor:
    import torch

    finite = values[values.isfinite()]
    if not len(finite):
        return torch.zeros_like(values, dtype=torch.uint8)
    low, high = finite.min(), finite.max()
    scaled = (values - low) / (high - low).clamp_min(torch.finfo(torch.float32).tiny)
    return scaled.nan_to_num(0.0, 0.0, 0.0).mul(255).round().clamp(0, 255).to(torch.uint8)
