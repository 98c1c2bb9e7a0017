"""What the quantities of sensors' messages are as ports of a graph."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import as_tensor
from dnne_ros.errors import InputError
from dnne_ros.messages.sensors.converter import Converter, Options
from dnne_ros.messages.sensors.quantity import Meaning, Quantity
from dnne_ros.messages.sensors.table import CONVERTERS
from dnne_ros.node_api.port_types import AnyTensor, Image, PortType, String, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.nodes.ros.plain_values import in_dtype, plain

if TYPE_CHECKING:
    import numpy as np

MESSAGE_TYPES = tuple(sorted(CONVERTERS))
DTYPES = ("float32", "float64", "as_sent")
"""Element types of quantities; ``as_sent``: the message's own."""


def outputs_of(converter: Converter, before: str = "") -> tuple[Output, ...]:
    """Return an output for each quantity; their names begin with ``before``."""
    return tuple(Output(_type_of(each), each.doc, name=before + each.name)
                 for each in converter.quantities.values())


def inputs_of(converter: Converter) -> tuple[Input, ...]:
    """Return an optional input for each quantity that can be written."""
    return tuple(_input(each) for each in converter.quantities.values() if not each.computed)


def options_of(values: Mapping[str, Any]) -> Options:
    """Return what the widgets say of reading and writing; those that there are."""
    known = {name: values[name] for name in ("invalid", "organised", "quality", "format")
             if name in values}
    return Options(fields=field_names(values["fields"]), **known)


def load_packages(converter: Converter) -> None:
    """Import what a message type needs; `InputError` for what is missing."""
    for name in converter.packages:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise InputError(f"message type {converter.message_type}", [
                f"it needs OpenCV, which is not installed: {error}. pip install "
                "dnne_ros[camera], or apt install python3-opencv"]) from None


def field_names(text: str) -> tuple[str, ...]:
    """Return ``"x, y, z"`` as (x, y, z); ValueError for an empty one among others."""
    names = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    if not all(names):
        raise ValueError(f"widget 'fields': expected names with commas, found {text!r:.80}")
    return names


def sent_value(value: Any, quantity: Quantity, dtype: str, batch: bool) -> Any:
    """Return a quantity as its output carries it; text and pictures are as they come."""
    if quantity.meaning is Meaning.TEXT:
        return value
    if quantity.meaning is Meaning.PICTURE:
        return as_tensor(value)
    numbers = in_dtype(value, dtype)
    return as_tensor(numbers[None] if batch else numbers)


def written_value(value: Any, quantity: Quantity) -> np.ndarray | str:
    """Return what came at a quantity's input as its message takes it, without a batch of one."""
    if quantity.meaning is Meaning.TEXT:
        return str(value)
    numbers: np.ndarray = plain(value)
    most = 3 if quantity.meaning in (Meaning.PICTURE, Meaning.POINTS) else numbers.ndim
    return numbers[0] if numbers.ndim == most + 1 and len(numbers) == 1 else numbers


def _type_of(quantity: Quantity) -> PortType:
    if quantity.meaning is Meaning.TEXT:
        return String()
    return Image() if quantity.meaning is Meaning.PICTURE else Tensor()


def _input(quantity: Quantity) -> Input:
    text = quantity.meaning is Meaning.TEXT
    return Input(String() if text else AnyTensor(), quantity.doc, name=quantity.name,
                 optional=True)
