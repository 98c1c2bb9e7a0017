"""Several tensors become one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import detached, joined, zeros_like
from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyTensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.side_by_side import side_by_side

if TYPE_CHECKING:
    import torch

_WAIT = "wait for all"
_HOLD = "hold previous"


class Concat(Node):
    """Join tensors along axis 1, that of the features; those of one axis along that.

    It waits for an item of every linked input, or goes on as soon as one has come.  Then each
    other input counts as zeros, of the shape of its last item (of the one that came, if there was
    none yet), or as its last item, without a gradient; with the latter nothing goes out before
    every input has given its first.
    """

    category = "tensors"
    fires_on_any = True
    without_torch = True

    input_a = Input(AnyTensor(), "The first part.", optional=True)
    input_b = Input(AnyTensor(), "The second part.", optional=True)
    input_c = Input(AnyTensor(), "The third part.", optional=True)
    input_d = Input(AnyTensor(), "The fourth part.", optional=True)
    output = Output(AnyTensor(), "The parts side by side, in the order of the inputs.")
    mode = Widget(_WAIT, "When it goes on.", choices=(_WAIT, "as available"))
    pad_mode = Widget("pad with zeros", "What inputs without a new item count as.",
                      choices=("pad with zeros", _HOLD))

    @classmethod
    def waits_for_all(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether it waits for all."""
        return bool(values["mode"] == _WAIT)

    def setup(self) -> None:
        """Begin with no items."""
        self._linked = [name for name in self.inputs if self.context.is_linked(name)]
        self._last: dict[str, torch.Tensor] = {}

    async def process(self) -> None:
        """Join what comes."""
        if self.mode == _WAIT:
            while True:
                parts = {name: await self.get_input(name) for name in self._linked}
                await self.send_output(join(parts), "output")
        await side_by_side(*map(self._pump, self._linked))

    async def _pump(self, name: str) -> None:
        """Send something for each item of an input."""
        while True:
            item = await self.get_input(name)
            parts = {other: item if other == name else self._padding(other, item)
                     for other in self._linked}
            self._last[name] = detached(item)
            if self.pad_mode != _HOLD or len(self._last) == len(self._linked):
                await self.send_output(join(parts), "output")

    def _padding(self, name: str, item: torch.Tensor) -> torch.Tensor:
        last = self._last.get(name, item)
        return last if self.pad_mode == _HOLD else zeros_like(last)

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save the last items."""
        return NodeState(tensors=copy.deepcopy(self._last))

    def load_state(self, state: NodeState) -> None:
        """Go on with the last items."""
        self._last = {name: state.tensors[name] for name in self._linked if name in state.tensors}


def join(parts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return tensors along axis 1 (those of one axis: 0); `InputError` if they do not fit."""
    shapes = {name: tuple(part.shape) for name, part in parts.items()}
    first = next(iter(shapes.values()))
    axis = min(1, len(first) - 1)
    rests = {shape[:axis] + shape[axis + 1:] if len(shape) == len(first) else None
             for shape in shapes.values()}
    if not first or len(rests) != 1:
        found = ", ".join(f"{shape} ({name})" for name, shape in shapes.items())
        raise InputError("input", [
            f"expected tensors of equal shapes but for axis {max(axis, 0)}, found {found}"])
    return joined(list(parts.values()), axis)
