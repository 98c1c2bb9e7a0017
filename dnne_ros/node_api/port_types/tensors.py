"""Tensors, and what is one with a meaning of its own: actions, pictures."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.arrays import MODULES, as_tensor, dtype_name, has_torch, is_tensor
from dnne_ros.node_api.port_types.base import AnyValue, PortType
from dnne_ros.transport.array_codec import CARRIED, ArrayCodec
from dnne_ros.transport.image_codec import ImageCodec
from dnne_ros.transport.payload import STORED_AS, Array, Wire
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    from torch import Tensor as TorchTensor


def tensor_to_array(tensor: TorchTensor, axes: tuple[str, ...] = ()) -> Array:
    """Return a tensor (any dtype, shape and device) as an array, without a copy on the CPU."""
    if not has_torch():
        return Array(np.ascontiguousarray(tensor), axes)
    try:
        return Array(tensor.numpy(), axes)
    except (RuntimeError, TypeError):  # a gradient, another device, a type that numpy has not
        import torch

        tensor = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
        dtype = str(tensor.dtype).removeprefix("torch.")
        if dtype in STORED_AS:
            return Array(tensor.view(getattr(torch, STORED_AS[dtype])).numpy(), axes, dtype)
        return Array(tensor.numpy(), axes)


def check_numbers(value: Any) -> None:
    """Raise TypeError for what has no numbers that a message could carry."""
    if not is_tensor(value):
        raise TypeError(f"expected a tensor, found {type(value).__name__}")
    if has_torch() and (value.is_meta or str(value.layout) != "torch.strided"):
        kind = "a meta tensor" if value.is_meta else f"one of layout {value.layout}"
        raise TypeError(f"expected a dense tensor with numbers, found {kind}")
    if dtype_name(value) not in CARRIED:
        raise TypeError(f"elements of {dtype_name(value)} cannot leave their process")


def array_to_tensor(array: Array) -> TorchTensor:
    """Return an array as a tensor of the same dtype and shape, that the caller may write to.

    TypeError for an element type that only torch has, where it is not installed.
    """
    tensor = as_tensor(array.data)
    dtype = array.element_type
    if dtype not in STORED_AS:
        return tensor
    if not has_torch():
        raise TypeError(f"a tensor of {dtype} needs torch, which is not installed")
    import torch

    return tensor.view(getattr(torch, dtype))


class Tensor(PortType):
    """A tensor.  ``dtype`` None: any; ``axes`` name the axes, outermost first."""

    name = "TENSOR"
    modules = MODULES

    def __init__(self, dtype: str | None = None, axes: tuple[str, ...] = ()):
        """Declare the element type and the names of the axes."""
        self.dtype = dtype
        self.axes = axes

    def accepts(self, output: PortType) -> bool:
        """Take tensors whose element type, where both ends declare one, is the same."""
        if isinstance(output, Tensor):
            return None in (self.dtype, output.dtype) or self.dtype == output.dtype
        return super().accepts(output)

    @property
    def wire(self) -> Wire:
        """Return the array message of the element type."""
        return Wire(ArrayCodec, self.dtype)

    def check(self, value: TorchTensor) -> None:
        """Raise TypeError for another element type or number of axes than declared.

        And, wherever it goes, for what no message carries: see `check_numbers`.
        """
        found = dtype_name(value) if hasattr(value, "dtype") else type(value).__name__
        if self.dtype is not None and found != self.dtype:
            raise TypeError(f"expected a tensor of {self.dtype}, found {found}")
        check_numbers(value)
        if self.axes and value.ndim != len(self.axes):
            raise TypeError(f"expected a tensor with axes ({', '.join(self.axes)}), found shape "
                            f"{tuple(value.shape)}")

    def kind_of(self) -> Callable[[Any], Any]:
        """Return what gives a tensor's dtype and, where axes are declared, their number.

        Where any dtype may come, dense tensors are told from others, too.
        """
        names = ["dtype"]
        if self.axes:
            names.append("ndim")
        if self.dtype is None and has_torch():
            names += ["layout", "is_meta"]
        return attrgetter(*names)

    def pack(self, value: TorchTensor) -> Array:
        """Return the tensor as an array with this port's axis names."""
        return tensor_to_array(value, self.axes)

    def unpack(self, payload: Array) -> TorchTensor:
        """Return the array as a tensor."""
        return array_to_tensor(payload)

    def __str__(self) -> str:
        shape = f" ({', '.join(self.axes)})" if self.axes else ""
        return self.name + shape + (f" {self.dtype}" if self.dtype else "")


class Action(Tensor):
    """A command for each environment: float32 (env, action), in the simulator's units."""

    name = "ACTION"

    def __init__(self) -> None:
        """Declare float32 (env, action)."""
        super().__init__("float32", ("env", "action"))

    def accepts(self, output: PortType) -> bool:
        """Take actions only: a plain tensor has no unit."""
        return isinstance(output, (Action, AnyValue))


_PICTURE_DTYPES = {f"{kind}{bits}" for kind in ("uint", "int") for bits in (8, 16, 32, 64)} \
    | {f"float{bits}" for bits in (16, 32, 64)}


class Image(PortType):
    """A picture: tensor (height, width, channels) or (height, width).

    One channel is the same as none: it comes as (height, width).  Three or four channels of uint8
    or uint16 are red, green, blue and alpha, in this order, also where a camera sends blue first.
    """

    name = "IMAGE"
    modules = MODULES
    policy = EdgePolicy.DROP_OLDEST

    @property
    def wire(self) -> Wire:
        """Return sensor_msgs/Image."""
        return Wire(ImageCodec)

    def check(self, value: TorchTensor) -> None:
        """Raise TypeError for what no message carries: see `check_numbers`."""
        check_numbers(value)

    def kind_of(self) -> Callable[[Any], Any]:
        """Return what tells dense tensors from others."""
        return attrgetter("dtype", *(("layout", "is_meta") if has_torch() else ()))

    def canonical(self, value: TorchTensor) -> TorchTensor:
        """Return the picture, without an axis of one channel; TypeError for what is none."""
        shape = value.shape
        if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] == 0):
            raise TypeError("expected a picture of shape (height, width) or (height, width, "
                            f"channels), found {tuple(shape)}")
        if dtype_name(value) not in _PICTURE_DTYPES:
            raise TypeError(f"a picture of {dtype_name(value)} elements has no ROS encoding")
        return value[:, :, 0] if len(shape) == 3 and shape[2] == 1 else value

    def pack(self, value: TorchTensor) -> Array:
        """Return the picture as an array."""
        return tensor_to_array(value, ("height", "width", "channel"))

    def unpack(self, payload: Array) -> TorchTensor:
        """Return the picture as a tensor."""
        return array_to_tensor(payload)
