"""Requests and responses of a service, as the ports of a graph carry them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dnne_ros import strict_yaml
from dnne_ros.arrays import as_tensor
from dnne_ros.messages.dictionaries import to_dictionary
from dnne_ros.messages.field_types import fields_of
from dnne_ros.messages.making import MessageMaker
from dnne_ros.messages.message_types import service_class, type_name
from dnne_ros.messages.reading import NumberReader
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.widget import missing_values
from dnne_ros.nodes.ros.plain_values import in_dtype, tensors_in
from dnne_ros.nodes.ros.topic_widgets import misfits, topic_misfits

HALVES = {"request": "response", "response": "request"}
"""The half of a service that comes in, for the one that goes out."""


def service_misfits(node_type: type[Node], values: Mapping[str, Any], sent: str) -> list[str]:
    """Return what is wrong with the widgets of a node that sends one half of a service.

    ``sent`` is ``request`` or ``response``.  [] where name and type are not given, which is
    reported without being asked.
    """
    if missing_values(node_type.widgets, values):
        return []
    wrong = topic_misfits(values["service"], "service", "/arm/enable")
    if unknown := misfits(lambda each: service_class(each["service_type"]), values):
        return wrong + [f"widget 'service_type': {each}" for each in unknown]
    wrong += misfits(lambda each: message_maker(each, sent), values)
    if values["tensor_field"].strip():
        wrong += misfits(lambda each: number_reader(each, HALVES[sent]), values)
    return wrong


def message_maker(values: Mapping[str, Any], half: str, *, whole: bool = False) -> MessageMaker:
    """Return what makes requests, or responses, of what comes into ``field``, or the ``whole``.

    ValueError for fields that the type has not.
    """
    return maker_of(_class_of(values, half), "" if whole else values["field"], values["fixed"])


def maker_of(type: type, field: str, fixed: str) -> MessageMaker:
    """Return what makes messages of what comes into ``field``; ``fixed`` as a widget has it.

    ValueError for fields that the type has not.
    """
    return MessageMaker(type, field, fixed=fixed_fields(fixed))


def number_reader(values: Mapping[str, Any], half: str) -> Callable[[Any], Any]:
    """Return what takes the numbers of a request, or response, as a tensor (n).

    ValueError, with the field's name, for what is none.
    """
    return numbers_of(_class_of(values, half), values["tensor_field"], values["dtype"])


def numbers_of(type: type, field: str, dtype: str) -> Callable[[Any], Any]:
    """Return what takes the numbers of ``field`` out of messages as a tensor (n) of ``dtype``.

    ValueError, with the field's name, for what is none.
    """
    if not fields_of(type):
        raise ValueError(f"{type_name(type)} has no fields, so that there are no numbers")
    read = NumberReader(type, field).read
    return lambda message: as_tensor(in_dtype(read(message), dtype))


def fields_in(message: Any) -> dict[str, Any]:
    """Return all fields of a request or response, with tensors for arrays of numbers."""
    fields: dict[str, Any] = tensors_in(to_dictionary(message))
    return fields


def fixed_fields(text: str) -> dict[str, Any]:
    """Return the fields in a text, as ``ros2 service call`` takes them; ValueError for others."""
    expected = f"widget 'fixed': expected fields such as {{data: true}}, found {text!r:.80}"
    try:
        fields = strict_yaml.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from None
    if not isinstance(fields, dict) or not all(isinstance(name, str) for name in fields):
        raise ValueError(expected)
    return fields


def _class_of(values: Mapping[str, Any], half: str) -> type:
    service: Any = service_class(values["service_type"])
    found: type = service.Request if half == "request" else service.Response
    return found
