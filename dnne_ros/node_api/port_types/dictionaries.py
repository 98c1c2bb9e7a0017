"""Dictionaries of JSON values and tensors."""

from __future__ import annotations

import json
import math
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

        NaN and infinity, which JSON does not know, are ``{"float": "nan"}`` and, among a tensor's
        data, ``"nan"``.

        Raises TypeError naming the type of a value that is neither JSON nor a tensor.
        """
        try:
            return json.dumps(value, default=_tensor_to_json, allow_nan=False)
        except ValueError:  # JSON has no NaN
            return json.dumps(_tagged(value), allow_nan=False)

    def unpack(self, payload: str) -> dict[str, Any]:
        """Return the dictionary, tensors restored exactly."""
        value: dict[str, Any] = json.loads(payload, object_hook=_restored)
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


def _tagged(value: Any) -> Any:
    """Return ``value`` as JSON values, with words for numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, dict):
        return {key: _tagged(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tagged(each) for each in value]
    if hasattr(value, "detach"):
        tensor = _tensor_to_json(value)
        tensor["data"] = [repr(each) if isinstance(each, float) and not math.isfinite(each)
                          else each for each in tensor["data"]]
        return tensor
    return value


def _restored(value: dict[str, Any]) -> Any:
    if value.keys() == {"float"} and value["float"] in ("nan", "inf", "-inf"):
        return float(value["float"])
    if value.keys() != _TENSOR_KEYS:
        return value
    import torch

    dtype = getattr(torch, str(value["dtype"]), None)
    if not isinstance(dtype, torch.dtype):
        return value
    data = [float(each) if isinstance(each, str) else each for each in value["data"]]
    return torch.tensor(data, dtype=dtype).reshape(value["shape"])
