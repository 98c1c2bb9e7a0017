"""Whether what a node sends, and uses beside its ports, is what its type declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Output
from dnne_ros.testing.values import difference

if TYPE_CHECKING:
    from dnne_ros.testing.context import InMemoryContext


class DeclaredOutputs:
    """Checks values against the port types of outputs, and axes of one name against each other."""

    def __init__(self, sizes: dict[str, int]):
        """Hold axes to ``sizes``; those of other names to what is seen of them first."""
        self._sizes = dict(sizes)

    def misfit(self, port: Output, value: Any) -> str:
        """Return what is wrong with a value that was sent on ``port``; "" if nothing."""
        try:
            port.type.check(value)
            value = port.type.canonical(value)
            return self._axis_misfit(port, value) or _packing_misfit(port, value)
        except Exception as error:  # whatever a port type raises, the value is none of its
            return f"expected {port.type}, found {value!r:.200} ({type(error).__name__}: {error})"

    def _axis_misfit(self, port: Output, value: Any) -> str:
        if not isinstance(port.type, Tensor) or not port.type.axes:
            return ""
        for axis, found in zip(port.type.axes, value.shape, strict=True):
            expected = self._sizes.setdefault(axis, found)
            if expected != found:
                return (f"expected {expected} along {axis!r} as in other ports, found shape "
                        f"{tuple(value.shape)} for axes ({', '.join(port.type.axes)})")
        return ""


def undeclared_use(node: Node, context: InMemoryContext) -> str:
    """Return what of topics, services and actions a node has used undeclared; "" if nothing."""
    declared = {use[:3] for use in node.ros_topics(node.values)}
    topics = context.topics
    used = [(end.topic, end.message_type, publishes) for ends, publishes in (
        (topics.advertised, True), (topics.subscriptions, False)) for end in ends]
    if unknown := [use for use in used if use not in declared]:
        return f"ros_topics() says nothing of the topic {unknown[0][0]} ({unknown[0][1]})"
    services = node.ros_services(node.values)
    if missing := [use for use in context.services.uses if use not in services]:
        return f"ros_services() says nothing of the service {missing[0].name} ({missing[0].type})"
    actions = node.ros_actions(node.values)
    if silent := [use for use in context.actions.uses if use not in actions]:
        return f"ros_actions() says nothing of the action {silent[0].name} ({silent[0].type})"
    return ""


def _packing_misfit(port: Output, value: Any) -> str:
    """Return how a value comes to another process as another one; "" if it does not."""
    if port.type.wire is None:
        return ""
    packed = port.type.pack(value)
    if not port.type.leaves_process or packed is None:
        return ""
    arrived = port.type.unpack(packed)
    text = difference(value, arrived)
    return f"another process would get something else: {text}" if text else ""
