"""A tensor of any kind, for nodes that pass tensors on."""

from __future__ import annotations

from collections.abc import Sequence

from dnne_ros.node_api.port_types.base import AnyValue, PortType, same_type
from dnne_ros.node_api.port_types.learning import GradientTensor
from dnne_ros.node_api.port_types.tensors import Image, Tensor


class AnyTensor(AnyValue):
    """A tensor of any kind: plain, with a gradient, an action, a picture.

    As with `AnyValue`, an output of this type passes on what comes in; but several inputs may
    bring tensors of different kinds, and the output is then a tensor that may be any of them.
    """

    name = "ANY_TENSOR"
    joins = True

    def accepts(self, output: PortType) -> bool:
        """Take tensors and pictures."""
        return isinstance(output, (Tensor, Image, AnyValue))

    def passed_on(self, arriving: Sequence[PortType]) -> PortType:
        """Return what all come as; else a tensor, with a gradient if one of them has one.

        What holds something else, or what nobody knows, is not known either.
        """
        first = arriving[0]
        if not all(isinstance(other, (Tensor, Image)) for other in arriving):
            return AnyValue()
        if all(same_type(first, other) for other in arriving):
            return first
        dtypes = {other.dtype if isinstance(other, Tensor) else None for other in arriving}
        dtype = dtypes.pop() if len(dtypes) == 1 else None
        gradient = any(isinstance(other, GradientTensor) for other in arriving)
        return GradientTensor(dtype) if gradient else Tensor(dtype)


class ComputedTensor(AnyTensor):
    """What a function that nobody knows makes of tensors: one of any element type and shape.

    One that is made of a gradient keeps it.
    """

    name = "COMPUTED_TENSOR"

    def passed_on(self, arriving: Sequence[PortType]) -> PortType:
        """Return a tensor type of which nothing more is known than whether it has a gradient."""
        if not all(isinstance(other, (Tensor, Image)) for other in arriving):
            return AnyValue()
        gradient = any(isinstance(other, GradientTensor) for other in arriving)
        return GradientTensor() if gradient else Tensor()
