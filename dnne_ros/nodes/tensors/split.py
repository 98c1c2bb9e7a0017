"""One tensor becomes several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyTensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

_OUTPUTS = ("output_a", "output_b", "output_c", "output_d")


class Split(Node):
    """Cut every tensor into up to four pieces along one axis.

    By index, the pieces end where the numbers say, and the last one goes to the end: 10,20 makes
    three pieces of 30 elements.  By size, the numbers are the sizes of the pieces, which have to
    make up the whole axis.  A piece without elements is not sent: one that is linked is an error.
    """

    category = "tensors"
    without_torch = True

    input = Input(AnyTensor(), "What is cut.")
    output_a = Output(AnyTensor(), "The first piece.")
    output_b = Output(AnyTensor(), "The second piece.")
    output_c = Output(AnyTensor(), "The third piece.")
    output_d = Output(AnyTensor(), "The fourth piece.")
    dimension = Widget(0, "The axis, from 0; -1: the last.", minimum=-8, maximum=7)
    split_mode = Widget("by index", "What the numbers are: where to cut, or sizes.",
                        choices=("by index", "by size"))
    split_pos = Widget("10,20,30", "Whole numbers with commas between.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that the numbers make one to four pieces."""
        try:
            _read_numbers(values["split_pos"], values["split_mode"])
        except ValueError as error:
            return [f"split_pos: {error}"]
        return []

    def setup(self) -> None:
        """Read where to cut."""
        self._numbers = _read_numbers(self.split_pos, self.split_mode)
        self._linked = [name for name in _OUTPUTS if self.context.is_linked(name)]

    def compute(self, input: torch.Tensor) -> Mapping[str, Any]:
        """Return the pieces of a tensor: views of it."""
        if not -input.ndim <= self.dimension < input.ndim:
            raise InputError("input", [f"expected an axis {self.dimension}, found shape "
                                       f"{tuple(input.shape)}"])
        length = input.shape[self.dimension]
        bounds = self._bounds(length, tuple(input.shape))
        pieces = {name: _part(input, self.dimension, slice(start, end))
                  for name, start, end in zip(_OUTPUTS, bounds, bounds[1:], strict=False)
                  if start < end}
        for name in self._linked:
            if name not in pieces:
                raise InputError(name, [
                    f"it is linked, but {self.split_mode} {self.split_pos} leaves nothing for it "
                    f"along axis {self.dimension} of shape {tuple(input.shape)}"])
        return pieces

    def _bounds(self, length: int, shape: tuple[int, ...]) -> list[int]:
        """Return where the pieces begin and end, in turn."""
        if self.split_mode == "by index":
            return [0, *(min(index, length) for index in self._numbers), length]
        if sum(self._numbers) != length:
            raise InputError("input", [
                f"expected {sum(self._numbers)} ({self.split_pos}) along axis {self.dimension}, "
                f"found shape {shape}"])
        bounds = [0]
        for size in self._numbers:
            bounds.append(bounds[-1] + size)
        return bounds


def _part(tensor: torch.Tensor, axis: int, part: slice) -> torch.Tensor:
    """Return a part of a tensor along an axis: a view."""
    index = (*(slice(None),) * (axis % tensor.ndim), part)
    return tensor[index]


def _read_numbers(text: str, mode: str) -> list[int]:
    """Return indices or sizes; ValueError if they do not make one to four pieces."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or not all(word.isdecimal() and len(word) < 19 for word in words):
        raise ValueError(f"expected whole numbers with commas between, found {text!r:.60}")
    numbers = [int(word) for word in words]
    if mode == "by size":
        sizes = [size for size in numbers if size]
        if not 0 < len(sizes) <= len(_OUTPUTS):
            raise ValueError(f"expected one to four sizes above 0, found {text!r:.60}")
        return sizes
    if len(numbers) >= len(_OUTPUTS) or numbers[0] == 0 or numbers != sorted(set(numbers)):
        raise ValueError("expected one to three places to cut, from 1 and each above the one "
                         f"before, found {text!r:.60}")
    return numbers
