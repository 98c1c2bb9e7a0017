"""Dictionaries of JSON values and tensors."""

from __future__ import annotations

import json
from typing import Any

from dnne_ros.node_api.port_types.base import PortType
from dnne_ros.transport.codecs import StringCodec
from dnne_ros.transport.payload import Wire
from dnne_ros.transport.policy import EdgePolicy


class Dict(PortType):
    """A dictionary of JSON values and tensors; as a topic it is JSON that a person can read."""

    name = "DICT"
    aliases = ("PYDICT",)

    @property
    def wire(self) -> Wire:
        """Return the string message."""
        return Wire(StringCodec)

    def pack(self, value: dict[str, Any]) -> str:
        """Return JSON in which a tensor is ``{"dtype": …, "shape": […], "data": […]}``.

        Raises TypeError naming the type of a value that is neither JSON nor a tensor.
        """
        return json.dumps(value, default=_tensor_to_json)

    def unpack(self, payload: str) -> dict[str, Any]:
        """Return the dictionary, tensors restored exactly."""
        value: dict[str, Any] = json.loads(payload, object_hook=_tensor_from_json)
        return value


class Schema(Dict):
    """What a data set says of itself: shapes, classes, ranges."""

    name = "SCHEMA"
    aliases = ("SCHEMA_PYDICT",)
    policy = EdgePolicy.LATEST
    held = True


_TENSOR_KEYS = {"dtype", "shape", "data"}


def _tensor_to_json(value: Any) -> dict[str, Any]:
    if not hasattr(value, "detach"):
        raise TypeError(f"a {type(value).__name__} in a dictionary cannot leave its process")
    tensor = value.detach().cpu()
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape),
            "data": tensor.flatten().tolist()}


def _tensor_from_json(value: dict[str, Any]) -> Any:
    if value.keys() != _TENSOR_KEYS:
        return value
    import torch

    dtype = getattr(torch, str(value["dtype"]), None)
    if not isinstance(dtype, torch.dtype):
        return value
    return torch.tensor(value["data"], dtype=dtype).reshape(value["shape"])
