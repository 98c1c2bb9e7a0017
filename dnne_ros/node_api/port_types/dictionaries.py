"""Dictionaries of JSON values and tensors."""

from __future__ import annotations

import json
import math
import operator
from functools import lru_cache
from typing import Any

import numpy as np

from dnne_ros.arrays import dtype_name, is_tensor, tensor_of
from dnne_ros.node_api.port_types.base import PortType
from dnne_ros.node_api.port_types.tensors import check_numbers
from dnne_ros.transport.codecs import StringCodec
from dnne_ros.transport.payload import Wire
from dnne_ros.transport.policy import EdgePolicy


class Dict(PortType):
    """A dictionary of JSON values and tensors; as a topic it is JSON that a person can read.

    Keys are text.  A tuple comes as the list that it is in JSON, a number of numpy as one of
    Python's.
    """

    name = "DICT"
    aliases = ("PYDICT",)

    @property
    def wire(self) -> Wire:
        """Return the string message."""
        return Wire(StringCodec)

    def canonical(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the dictionary as it comes out of JSON; itself, if that is no other.

        Raises TypeError for keys that are no text, and values that are neither JSON nor tensors
        of real numbers.
        """
        plain: dict[str, Any] = _plain(value)
        return plain

    def pack(self, value: dict[str, Any]) -> str:
        """Return JSON in which a tensor is ``{"dtype": …, "shape": […], "data": […]}``.

        NaN and infinity, which JSON does not know, are ``{"float": "nan"}`` and, among a tensor's
        data, ``"nan"``.  A dictionary that looks like one of these is ``{"dict": [[key, value],
        …]}``.

        Raises TypeError naming the type of a value that is neither JSON nor a tensor.
        """
        value = _plain(value)
        try:
            if _has_lookalikes(value):
                return json.dumps(_tagged(value), allow_nan=False)
            return json.dumps(value, default=_tensor_to_json, allow_nan=False)
        except ValueError:  # JSON has no NaN
            return json.dumps(_tagged(value), allow_nan=False)

    def unpack(self, payload: str) -> dict[str, Any]:
        """Return the dictionary, tensors restored exactly."""
        value: dict[str, Any] = _copied(_remembered(payload)) if len(payload) <= _SHORT \
            else _parsed(payload)
        return value


class Schema(Dict):
    """What a data set says of itself: shapes, classes, ranges."""

    name = "SCHEMA"
    aliases = ("SCHEMA_PYDICT",)
    policy = EdgePolicy.LATEST
    held = True


_REMEMBERED, _SHORT = 8, 16 * 1024
"""So many texts are known, of so many characters at most: what a simulator says of its steps is
the same for most of them."""
_TENSOR_KEYS = {"dtype", "shape", "data"}
_TAGS = ({"float"}, {"dict"}, _TENSOR_KEYS)
_JSON = {str, int, float, bool, type(None)}


def _plain(value: Any) -> Any:
    """Return a value as JSON gives it back; the same object, if it is that already."""
    kind = type(value)
    if kind in _JSON:
        return value
    if isinstance(value, dict):
        changed = {}
        for key, each in value.items():
            if type(key) is not str:
                raise TypeError(f"expected text as the keys of a dictionary, found {key!r:.80}")
            if type(each) not in _JSON and (found := _plain(each)) is not each:
                changed[key] = found
        return value if kind is dict and not changed else {**value, **changed}
    if kind in _tensors or is_tensor(value):
        if (found := _tensor_kind(value)) not in _checked:
            _check_tensor(value)
            _checked.add(found)
            _tensors.add(kind)
        return value
    if isinstance(value, (list, tuple)):
        items = [_plain(each) for each in value]
        same = kind is list and all(map(operator.is_, items, value))
        return value if same else items
    for base in (str, int, float):  # np.float64 is a float, an IntEnum an int
        if isinstance(value, base):
            return base(value)
    raise TypeError(f"a {kind.__name__} in a dictionary cannot leave its process")


_checked: set[Any] = set()
"""Of which kinds tensors may be in a dictionary …"""
_tensors: set[type] = set()
"""… and the classes of those that were."""


def _tensor_kind(value: Any) -> tuple[Any, ...]:
    """Return all that `_check_tensor` goes by; an array of numpy has a dtype alone."""
    return value.dtype, getattr(value, "layout", None), getattr(value, "is_meta", None)


def _check_tensor(value: Any) -> None:
    """Raise TypeError for a tensor that JSON cannot carry."""
    check_numbers(value)
    if "complex" in dtype_name(value):
        raise TypeError(f"a tensor of {dtype_name(value)} in a dictionary cannot leave its "
                        "process: JSON has no such numbers")


def _has_lookalikes(value: Any) -> bool:
    """Tell whether a dictionary in it has the keys of one of our own."""
    if isinstance(value, dict):
        return (len(value) in (1, 3) and value.keys() in _TAGS) or any(
            map(_has_lookalikes, value.values()))
    return isinstance(value, list) and any(map(_has_lookalikes, value))


def _tensor_to_json(value: Any) -> dict[str, Any]:
    if not is_tensor(value):
        raise TypeError(f"a {type(value).__name__} in a dictionary cannot leave its process")
    return {"dtype": dtype_name(value), "shape": list(value.shape),
            "data": value.flatten().tolist()}


def _tagged(value: Any) -> Any:
    """Return ``value`` as JSON values, with words for numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, dict):
        if value.keys() in _TAGS:
            return {"dict": [[key, _tagged(each)] for key, each in value.items()]}
        return {key: _tagged(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tagged(each) for each in value]
    if is_tensor(value):
        tensor = _tensor_to_json(value)
        tensor["data"] = [repr(each) if isinstance(each, float) and not math.isfinite(each)
                          else each for each in tensor["data"]]
        return tensor
    return value


def _parsed(text: str) -> Any:
    """Return what `pack` made ``text`` of."""
    return json.loads(text, object_hook=_restored)


_remembered = lru_cache(maxsize=_REMEMBERED)(_parsed)


def _copied(value: Any) -> Any:
    """Return a value of which its owner may change everything."""
    if type(value) in _JSON:
        return value
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value.copy() if isinstance(value, np.ndarray) else value.clone()


def _restored(value: dict[str, Any]) -> Any:
    if value.keys() == {"float"} and value["float"] in ("nan", "inf", "-inf"):
        return float(value["float"])
    if value.keys() == {"dict"} and isinstance(value["dict"], list):
        return dict(value["dict"])
    if value.keys() != _TENSOR_KEYS:
        return value
    data = [float(each) if isinstance(each, str) else each for each in value["data"]]
    tensor = tensor_of(data, str(value["dtype"]), value["shape"])
    return value if tensor is None else tensor
