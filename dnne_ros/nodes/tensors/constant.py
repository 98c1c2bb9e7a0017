"""Tensors out of nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.breath import Breath

if TYPE_CHECKING:
    import torch

_PLAIN = ("zeros", "ones", "custom")
_RANDOM = ("uniform", "normal", "kaiming_normal", "kaiming_uniform", "xavier_normal",
           "xavier_uniform")
_MOST_ELEMENTS = 100_000_000
_MOST_AXES = 8
_DIMS = re.compile(r"\[?\s*(\d+(?:\s*,\s*\d+)*)\s*,?\s*\]?")


class TensorNode(Node):
    """Give a constant tensor, as often as it is taken.

    Random numbers are drawn once, when the node starts: normal ones with mean 0 and standard
    deviation 1, uniform ones from -1 to 1, the others as PyTorch draws the weights of a layer:
    (output, input), or (input) of one output.
    """

    category = "tensors"

    tensor = Output(Tensor(), "The same tensor, again and again.")
    tensor_dims = Widget("10", "Length of each axis: 10, or 2,3, or [2,3,4].")
    fill_mode = Widget("zeros", "What its elements are.", choices=(
        "zeros", "ones", *_RANDOM, "custom"))
    custom_fill = Widget(0.0, "Every element, with fill_mode custom.", minimum=-1e38,
                         maximum=1e38)
    dtype = Widget("float32", "Element type.",
                   choices=("float32", "float64", "int32", "int64", "bool"))
    seed = Widget(-1, "Of random numbers; -1: it follows from the run's seed.", minimum=-1,
                  seed=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the lengths, and that the element type holds what is to be filled in."""
        problems = []
        try:
            read_dims(values["tensor_dims"])
        except ValueError as error:
            problems.append(f"tensor_dims: {error}")
        mode, dtype, fill = values["fill_mode"], values["dtype"], values["custom_fill"]
        if mode in _RANDOM and not dtype.startswith("float"):
            problems.append(f"fill_mode {mode}: expected dtype float32 or float64, found {dtype}")
        if mode == "custom" and not _holds(dtype, fill):
            problems.append(f"custom_fill: expected a value of dtype {dtype}, found {fill}")
        return problems

    def setup(self) -> None:
        """Make the tensor."""
        import torch

        shape, dtype = read_dims(self.tensor_dims), getattr(torch, self.dtype)
        if self.fill_mode in _PLAIN:
            value = {"zeros": 0.0, "ones": 1.0, "custom": self.custom_fill}[self.fill_mode]
            self._tensor = torch.full(shape, value, dtype=torch.float64).to(dtype)
        else:
            weights = (1, *shape) if len(shape) == 1 else shape
            self._tensor = self._draw(torch.empty(weights, dtype=dtype)).reshape(shape)

    def _draw(self, empty: torch.Tensor) -> torch.Tensor:
        import torch
        from torch.nn import init

        from dnne_ros.node_api.seeding import node_seed

        fill: Callable[[torch.Tensor], torch.Tensor] = {
            "uniform": lambda tensor: tensor.uniform_(-1, 1),
            "normal": lambda tensor: tensor.normal_(),
            "kaiming_normal": lambda tensor: init.kaiming_normal_(tensor, nonlinearity="relu"),
            "kaiming_uniform": lambda tensor: init.kaiming_uniform_(tensor, nonlinearity="relu"),
            "xavier_normal": init.xavier_normal_,
            "xavier_uniform": init.xavier_uniform_,
        }[self.fill_mode]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(node_seed(self.context.seed, self.context.node_id)
                              if self.seed < 0 else self.seed)
            return fill(empty)

    async def process(self) -> None:
        """Give it again and again."""
        breath = Breath()
        while True:
            await self.send_output(self._tensor, "tensor")
            await breath.after_item()

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save what was drawn; the rest follows from the widgets."""
        if self.fill_mode in _PLAIN:
            return NodeState()
        return NodeState(tensors={"tensor": self._tensor.clone()})

    def load_state(self, state: NodeState) -> None:
        """Take up what was drawn; ValueError if it has another shape or element type."""
        saved = state.tensors.get("tensor")
        if saved is None:
            return
        if (saved.shape, saved.dtype) != (self._tensor.shape, self._tensor.dtype):
            raise ValueError(f"expected a tensor of {tuple(self._tensor.shape)} {self.dtype}, "
                             f"found {tuple(saved.shape)} {saved.dtype}")
        self._tensor = saved.clone()


def read_dims(text: str) -> tuple[int, ...]:
    """Return the lengths in ``10``, ``2,3`` or ``[2,3,4]``; ValueError for anything else."""
    match = _DIMS.fullmatch(text.strip())
    if match is None or text.strip().startswith("[") != text.strip().endswith("]"):
        raise ValueError(f"expected whole numbers with commas between, found {text!r:.60}")
    dims = tuple(int(length[:20]) for length in match[1].split(","))
    elements = 1
    for length in dims:
        elements *= length
    if not 0 < elements <= _MOST_ELEMENTS or len(dims) > _MOST_AXES:
        raise ValueError(f"expected 1 to {_MOST_ELEMENTS:,} elements along at most {_MOST_AXES} "
                         f"axes, found {text!r:.60}")
    return dims


def _holds(dtype: str, value: float) -> bool:
    """Tell whether an element type holds a number as it is, or nearly."""
    if dtype.startswith("float"):
        return True
    if dtype == "bool":
        return value in (0.0, 1.0)
    bits = int(dtype.removeprefix("int"))
    return value.is_integer() and -2.0**(bits - 1) <= value < 2.0**(bits - 1)
