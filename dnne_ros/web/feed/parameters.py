"""Parameters of nodes as a page shows them, read and set by their ROS services."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError, printable
from dnne_ros.runtime.node.parameter_services import call_parameter_service

if TYPE_CHECKING:
    from rclpy.node import Node

_KINDS: Mapping[int, tuple[str, str, type]] = {
    1: ("boolean", "bool_value", bool), 2: ("integer", "integer_value", int),
    3: ("number", "double_value", float), 4: ("string", "string_value", str)}
"""Of ``ParameterType``: what pages call it, the field of the value, and its Python type."""
_INT64 = 2**63
_CHANGES = 5000


class Parameters:
    """Asks nodes for their parameters."""

    def __init__(self, node: Node):
        """Ask as ``node``."""
        self._node = node

    async def read(self, name: str) -> list[dict[str, Any]]:
        """Return the parameters of a node with their descriptors; `DnneError` if it is silent."""
        from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters

        listed = await self._call(name, "list_parameters", ListParameters.Request())
        names = sorted(listed.result.names)
        described, values = await asyncio.gather(
            self._call(name, "describe_parameters", DescribeParameters.Request(names=names)),
            self._call(name, "get_parameters", GetParameters.Request(names=names)))
        return [_view(descriptor, value)
                for descriptor, value in zip(described.descriptors, values.values, strict=False)
                if value.type in _KINDS]

    async def set(self, name: str, parameter: str, value: Any) -> None:
        """Set a parameter of a node; `InputError` with the node's reason where it refuses."""
        from rcl_interfaces.msg import Parameter, ParameterValue
        from rcl_interfaces.srv import GetParameters, SetParameters

        where = f"{name}, {parameter}"
        found = await self._call(name, "get_parameters", GetParameters.Request(names=[parameter]))
        kind = found.values[0].type if found.values else 0
        if kind not in _KINDS:
            raise InputError(where, ["there is no such parameter that could be set from here"])
        message = ParameterValue(type=kind, **{
            _KINDS[kind][1]: _fitting(where, _KINDS[kind][2], value)})
        answer = await self._call(name, "set_parameters", SetParameters.Request(
            parameters=[Parameter(name=parameter, value=message)]))
        result = answer.results[0]
        if not result.successful:
            raise InputError(where, [printable(result.reason)])

    def _call(self, name: str, service: str, request: Any) -> Coroutine[Any, Any, Any]:
        return call_parameter_service(self._node, name, service, request)


class ParameterChanges:
    """The latest values of parameters that were changed, from ``/parameter_events``."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.count = 0
        self._changes: dict[tuple[str, str], tuple[int, Any]] = {}

    def note(self, event: Any) -> None:
        """Take an ``rcl_interfaces/msg/ParameterEvent``."""
        for parameter in (*event.new_parameters, *event.changed_parameters):
            if parameter.value.type in _KINDS:
                self.count += 1
                key = printable(event.node), printable(parameter.name)
                self._changes.pop(key, None)
                self._changes[key] = self.count, value_of(parameter.value)
        while len(self._changes) > _CHANGES:
            del self._changes[next(iter(self._changes))]

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the changes that came behind that one."""
        return [{"node": node, "name": name, "value": value}
                for (node, name), (at, value) in self._changes.items() if at > number]


def value_of(message: Any) -> Any:
    """Return the value of a ``ParameterValue`` of a kind that is shown."""
    found = getattr(message, _KINDS[message.type][1])
    return printable(found) if isinstance(found, str) else found


def _view(descriptor: Any, value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": printable(descriptor.name), "kind": _KINDS[value.type][0],
        "value": value_of(value), "description": printable(descriptor.description),
        "constraints": printable(descriptor.additional_constraints),
        "read_only": descriptor.read_only}
    for bounds in (*descriptor.integer_range, *descriptor.floating_point_range):
        found |= {"minimum": _bound(bounds.from_value), "maximum": _bound(bounds.to_value),
                  "step": bounds.step}
    return found


def _bound(value: float) -> float | None:
    """Return a bound, or None for one that a descriptor has only since it cannot leave it out."""
    none = abs(value) >= (sys.float_info.max if isinstance(value, float) else _INT64 - 1)
    return None if none else value


def _fitting(where: str, kind: type, value: Any) -> Any:
    """Return a JSON value in a parameter's type, which JSON does not always tell."""
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < _INT64 else value
    elif kind is int and type(value) is float and value.is_integer():
        value = int(value)
    fits = type(value) is kind and not (type(value) is int and not -_INT64 <= value < _INT64)
    if not fits:
        raise InputError(where, [f"expected {_name(kind)}, found {value!r:.80}"])
    return value


def _name(kind: type) -> str:
    return next(name for name, _, each in _KINDS.values() if each is kind)


def known_node(name: Any, known: Iterable[str]) -> str:
    """Return the full name of a node of a graph that is heard; `InputError` for another."""
    if not isinstance(name, str) or name not in set(known):
        raise InputError("request", [f"node: expected one of a graph that runs, found "
                                     f"{name!r:.80}"])
    return name
