"""Widget values given beside the file: ``--set NODE.WIDGET=VALUE``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.node_api.fault_settings import FAULT_SETTINGS
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.widget import WidgetError


@dataclass(frozen=True)
class Setting:
    """One ``NODE.WIDGET=VALUE``; ``node`` is an id in the file or a ROS node name.

    In place of a widget it may name one of the `FAULT_SETTINGS`: ``3.watchdog.seconds=0.5``.
    """

    node: str
    widget: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Setting:
        """Take ``text`` apart; ValueError if it has not that form."""
        target, equals, value = text.partition("=")
        node, dot, widget = target.strip().rpartition(".")
        longer, _, group = node.rpartition(".")
        if f"{group}.{widget}" in FAULT_SETTINGS:
            node, widget = longer, f"{group}.{widget}"
        if not (equals and dot and node and widget):
            raise ValueError(f"expected NODE.WIDGET=VALUE, found {text!r}")
        return cls(node, widget, value)


def apply_settings(settings: Iterable[Setting], types: Mapping[str, type[Node]],
                   ros_names: Mapping[str, str], values: Mapping[str, dict[str, Any]],
                   faults: Mapping[str, dict[str, Any]], problems: Problems) -> None:
    """Write ``settings`` into ``values`` and ``faults`` (by node id).

    What does not fit becomes a problem.
    """
    by_name = {name: node for node, name in ros_names.items()}
    for setting in settings:
        said = f"--set {setting.node}.{setting.widget}={setting.value}"
        node = setting.node if setting.node in ros_names else by_name.get(
            setting.node.rpartition("/")[2])
        if node in ros_names and node not in types:
            continue  # its type is unknown, which is reported already
        if node is None:
            problems.add(f"{said}: {_no_node(setting, types, ros_names)}")
            continue
        is_fault = setting.widget in FAULT_SETTINGS
        widget = FAULT_SETTINGS.get(setting.widget) or types[node].widgets.get(setting.widget)
        if widget is None:
            known = ", ".join(types[node].widgets) or "none"
            problems.add(f"{said}: {types[node].type_name} has no widget {setting.widget!r}; "
                         f"it has {known}")
            continue
        try:
            target = faults[node] if is_fault else values[node]
            target[setting.widget] = widget.parse(setting.value)
        except WidgetError as error:
            problems.add(f"{said}: {error}")


def _no_node(setting: Setting, types: Mapping[str, type[Node]], ros_names: Mapping[str, str]
             ) -> str:
    """Say which nodes there are, or that a subgraph's are meant by their own ids."""
    inside = [id for id in types if id.startswith(f"{setting.node}:")]
    if not inside:
        known = ", ".join(f"{id} ({ros_names[id]})" for id in types)
        return f"no node {setting.node!r}; there are {known}"
    has_it = [id for id in inside if setting.widget in types[id].widgets]
    if has_it:
        return (f"node {setting.node!r} is a subgraph, of which the nodes inside run; expected "
                + " or ".join(f"{id}.{setting.widget}" for id in has_it))
    known = ", ".join(f"{id} ({ros_names[id]})" for id in inside)
    return (f"node {setting.node!r} is a subgraph, of which the nodes inside run, and none has a "
            f"widget {setting.widget!r}; there are {known}")
