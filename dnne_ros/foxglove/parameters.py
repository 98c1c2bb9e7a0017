"""The parameters of a graph's nodes, read and set through the services that each node has.

A viewer calls them ``/cartpole/agent_3.learning_rate``.  What may be set, and to what, says the
node: its answer decides, and a refusal is told in its words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import foxglove
from rcl_interfaces.srv import GetParameters, ListParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python

from dnne_ros.foxglove.scope import belongs, full_name, is_hidden
from dnne_ros.runtime.node.ros_services import HostServices

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterEvent
    from rclpy.node import Node

    from dnne_ros.runtime.node.ros_services import HostServiceClient

ANSWER_SECONDS = 5.0
"""How long a node may take to answer; one that is busy has no parameters for a viewer."""
_SERVICES = {"list_parameters": "rcl_interfaces/srv/ListParameters",
             "get_parameters": "rcl_interfaces/srv/GetParameters",
             "set_parameters": "rcl_interfaces/srv/SetParameters"}


class NodeParameters:
    """Reads and sets parameters of the nodes of a graph."""

    def __init__(self, node: Node, graph: str, refused: Callable[[str], object]):
        """Ask as ``node``; ``refused`` is told what a node of ``graph`` does not take."""
        self._node = node
        self._graph = graph
        self._refused = refused
        self._services = HostServices(node)
        self._clients: dict[str, HostServiceClient] = {}

    def close(self) -> None:
        """Ask no more."""
        self._services.close()

    async def read(self, names: Sequence[str]) -> list[foxglove.Parameter]:
        """Return parameters, or all if none is named; what does not answer is left out."""
        if not names:
            return _joined(await asyncio.gather(*(
                self._read_all(node) for node in sorted(self._nodes()))))
        known = self._nodes()
        return _joined(await asyncio.gather(*(
            self._read(node, wanted) for node, wanted in _by_node(names).items()
            if node in known)))

    async def write(self, wanted: Iterable[foxglove.Parameter]) -> list[foxglove.Parameter]:
        """Set parameters, and return them as they are then."""
        values = {each.name: each.get_value() for each in wanted}
        known = self._nodes()
        by_node = _by_node(values)
        for node in by_node.keys() - known:
            self._refused(f"{node}: there is no such node")
        return _joined(await asyncio.gather(*(
            self._set(node, {name: values[f"{node}.{name}"] for name in names})
            for node, names in by_node.items() if node in known)))

    def changed(self, event: ParameterEvent) -> list[foxglove.Parameter]:
        """Return what an event says of a node of the graph."""
        namespace = event.node.rpartition("/")[0] or "/"
        if not belongs(namespace, self._graph):
            return []
        return [_shown(event.node, each.name, each.value)
                for each in (*event.new_parameters, *event.changed_parameters)
                if each.value.type != Parameter.Type.NOT_SET.value]

    def _nodes(self) -> set[str]:
        return {full_name(namespace, name)
                for name, namespace in self._node.get_node_names_and_namespaces()
                if belongs(namespace, self._graph) and not is_hidden(name)}

    async def _read_all(self, node: str) -> list[foxglove.Parameter]:
        answer = await self._ask(node, "list_parameters", ListParameters.Request())
        return [] if answer is None else await self._read(node, list(answer.result.names))

    async def _read(self, node: str, names: Sequence[str]) -> list[foxglove.Parameter]:
        answer = await self._ask(node, "get_parameters", GetParameters.Request(names=names))
        if answer is None:
            return []
        # A node that does not know one of them answers with nothing, or with values not set.
        return [_shown(node, name, value)
                for name, value in zip(names, answer.values, strict=False)
                if value.type != Parameter.Type.NOT_SET.value]

    async def _set(self, node: str, wanted: dict[str, Any]) -> list[foxglove.Parameter]:
        names = list(wanted)
        answer = await self._ask(node, "get_parameters", GetParameters.Request(names=names))
        if answer is None:
            self._refused(f"{node}: no answer within {ANSWER_SECONDS:g} s")
            return []
        types = dict(zip(names, (value.type for value in answer.values), strict=False))
        setting = []
        for name, value in wanted.items():
            try:
                setting.append(Parameter(name, value=_of_type(value, types.get(name))))
            except (TypeError, ValueError) as error:
                self._refused(f"{node}.{name}: {error}")
        await self._tell(node, setting)
        return await self._read(node, names)

    async def _tell(self, node: str, setting: Sequence[Parameter[Any]]) -> None:
        """Set parameters of one node, each by itself, and say which it refuses."""
        answer = await self._ask(node, "set_parameters", SetParameters.Request(
            parameters=[each.to_parameter_msg() for each in setting]))
        if answer is None:
            self._refused(f"{node}: no answer within {ANSWER_SECONDS:g} s")
            return
        for parameter, result in zip(setting, answer.results, strict=True):
            if not result.successful:
                self._refused(f"{node}.{parameter.name}: {result.reason}")

    async def _ask(self, node: str, service: str, request: Any) -> Any:
        """Return the answer of a node's service, or None if there is none in time."""
        name = f"{node}/{service}"
        if name not in self._clients:
            self._clients[name] = self._services.client(name, _SERVICES[service])
        client = self._clients[name]
        if not await client.appears(ANSWER_SECONDS):
            return None
        try:
            return await client.call(request, ANSWER_SECONDS)
        except TimeoutError:
            return None


def _joined(parts: Iterable[list[foxglove.Parameter]]) -> list[foxglove.Parameter]:
    return [each for part in parts for each in part]


def _by_node(names: Iterable[str]) -> dict[str, list[str]]:
    """Sort full names of parameters by their nodes; names of nodes have no dots, these may."""
    found: dict[str, list[str]] = {}
    for full in names:
        node, _, name = full.partition(".")
        if name:
            found.setdefault(node, []).append(name)
    return found


def _shown(node: str, name: str, value: Any) -> foxglove.Parameter:
    found: Any = parameter_value_to_python(value)
    if value.type == Parameter.Type.BYTE_ARRAY.value:
        found = b"".join(found)
    elif not isinstance(found, (bool, int, float, str)):  # arrays, of several kinds
        found = list(found)
    return foxglove.Parameter(f"{node}.{name}", value=found)


def _of_type(value: Any, type: int | None) -> Any:
    """Return a viewer's value as its parameter has it: JavaScript writes 2 for 2.0.

    What means no value of that type goes as it is, and the node says what is wrong with it.
    """
    if type == Parameter.Type.DOUBLE.value and _is_number(value):
        return float(value)
    if type == Parameter.Type.DOUBLE_ARRAY.value and isinstance(value, list) \
            and all(map(_is_number, value)):
        return [float(each) for each in value]
    if type == Parameter.Type.INTEGER.value and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bytes):
        return [bytes((byte,)) for byte in value]
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
