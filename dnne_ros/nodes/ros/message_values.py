"""What a subscriber's widgets make of messages: numbers, pictures or dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.arrays import all_finite_in, as_array, as_tensor, is_tensor
from dnne_ros.messages.dictionaries import to_dictionary
from dnne_ros.messages.layout import QuickReader
from dnne_ros.messages.making import IMAGE
from dnne_ros.messages.message_types import message_class, type_name
from dnne_ros.messages.pictures import read_picture
from dnne_ros.messages.reading import NumberReader
from dnne_ros.messages.sensors.compressed import read_compressed
from dnne_ros.messages.stamps import read_stamp
from dnne_ros.nodes.ros.plain_values import in_dtype, tensors_in
from dnne_ros.nodes.ros.topic_widgets import optional_names

if TYPE_CHECKING:
    import torch

COMPRESSED = "sensor_msgs/msg/CompressedImage"
_PICTURES = {IMAGE: read_picture, COMPRESSED: read_compressed}


def converter(values: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return what turns a message into the value that goes out; ValueError if nothing can."""
    type = message_class(values["message_type"])
    if values["stamp_from"] == "header":
        read_stamp(type())
    kind = values["kind"]
    if kind == "message" and values["when_stale"] == "zeros":
        raise ValueError("widget 'when_stale': expected zeros for numbers only, found "
                         "kind=message")
    names = optional_names(values["names"])
    if values["policy_input"] and (kind != "tensor" or not names):
        raise ValueError("widget 'policy_input': expected kind=tensor and names, by which the "
                         "policy's columns are known")
    if kind == "message":
        return lambda message: tensors_in(to_dictionary(message))
    read = _PICTURES.get(type_name(type))
    if kind == "image":
        if read is None:
            raise ValueError(f"widget 'kind': expected {' or '.join(_PICTURES)} for an image, "
                             f"found {values['message_type']}")
        return lambda message: as_tensor(read(message))
    if read is not None and not values["field"].strip():
        return lambda message: _shaped(read(message), values)
    reader = _reader(values)
    return lambda message: policy_shaped(reader.read(message), reader, values)


def named_reader(values: Mapping[str, Any]) -> NumberReader | None:
    """Return what reads elements by name, if that is what is asked for."""
    return _reader(values) if values["kind"] == "tensor" and optional_names(values["names"]) \
        else None


def quick_reader(values: Mapping[str, Any], named: NumberReader | None) -> QuickReader | None:
    """Return what reads numbers off serialised messages, beside ``named``, if they are read."""
    type = message_class(values["message_type"])
    if values["kind"] != "tensor" or type_name(type) in _PICTURES:
        return None
    return QuickReader(type, named or _reader(values),
                       values["dtype"] if values["dtype"] in ("float32", "float64") else None)


def _reader(values: Mapping[str, Any]) -> NumberReader:
    return NumberReader(message_class(values["message_type"]), values["field"],
                        names=optional_names(values["names"]),
                        names_field=values["names_field"], order=values["order"])


def policy_shaped(numbers: np.ndarray, reader: NumberReader, values: Mapping[str, Any]
                  ) -> torch.Tensor:
    """Return the numbers of ``reader`` as they go out.

    ValueError for what a policy must not see, by the names of those that are not finite.
    """
    numbers = in_dtype(numbers, values["dtype"])
    if values["policy_input"] and not all_finite_in(numbers):
        wrong = [column for column, fine in zip(reader.columns, np.isfinite(numbers), strict=True)
                 if not fine]
        raise ValueError(f"no number for {', '.join(wrong)}")
    return as_tensor(numbers[None] if values["batch"] else numbers)


def _shaped(numbers: np.ndarray, values: Mapping[str, Any]) -> torch.Tensor:
    numbers = in_dtype(numbers, values["dtype"])
    return as_tensor(numbers[None] if values["batch"] else numbers)


def zeros_like(value: Any) -> Any:
    """Return zeros of a tensor's shape; anything else as it is."""
    return as_tensor(np.zeros_like(as_array(value))) if is_tensor(value) else value
