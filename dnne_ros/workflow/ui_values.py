"""Values of widgets: the node's own, those of subgraphs' nodes, and those that links bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.constants import VALUE
from dnne_ros.workflow.node_head import read_id
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.ui_canvas import Instance, UiCanvas
from dnne_ros.workflow.ui_node import Part, UiNode
from dnne_ros.workflow.ui_slots import Role
from dnne_ros.workflow.ui_sources import Sources
from dnne_ros.workflow.ui_widgets import SEED_CONTROL_VALUES, read_ui_widgets
from dnne_ros.workflow.ui_wires import Wire

# What a source has for a widget when it has nothing.
_NONE = object()


class Values:
    """The widgets of a canvas; links into them are followed."""

    def __init__(self, canvas: UiCanvas, wires: Iterable[Wire], sources: Sources,
                 problems: Problems):
        """Read every node's own values."""
        self._canvas = canvas
        self._sources = sources
        self._problems = problems
        self._own = {node.id: read_ui_widgets(node, problems) for node in canvas.nodes.values()
                     if node.part in (Part.ACTIVE, Part.CONSTANT)}
        self._wires: dict[str, list[Wire]] = {}
        self._inside: dict[tuple[str, int], list[Wire]] = {}
        for wire in wires:
            if wire.input.role is Role.WIDGET:
                self._wires.setdefault(wire.target.id, []).append(wire)
            if wire.source.part is Part.DOOR:
                self._inside.setdefault((wire.source.id, wire.source_slot), []).append(wire)
        # An outer subgraph is there before those inside it, whose values it may replace.
        self._promoted: dict[str, dict[str, Any]] = {}
        for id_, instance in canvas.instances.items():
            if id_ == instance.host.id:
                self._read_host(instance)

    def of(self, node: UiNode) -> Mapping[str, Any]:
        """Return the values that ``node`` runs with, as far as the file gives them."""
        values = dict(self._own[node.id])
        for wire in self._wires.get(node.id, ()):
            value = self._given(wire, wire, set())
            if value is _NONE:
                continue
            name = wire.input.name
            signature = node.signature
            if signature is not None and signature.widget(name) is not None:
                values[name] = value
            elif signature is not None and name not in signature.retired:
                node.report(self._problems, f"{node.type} has no widget {name!r}, to which link "
                                            f"{wire.id} is attached", port=name)
        return values

    def _given(self, wire: Wire, first: Wire, passed: set[str]) -> Any:
        """Return the value that ``wire`` brings to the widget at the end of ``first``."""
        source = self._sources.of(wire)
        if source.promoted is not None:
            return self._promoted_value(*source.promoted)
        if source.wire is None:
            return _NONE
        node = source.wire.source
        if node.part is Part.PRIMITIVE:
            return self._primitive(node, first)
        if node.part is Part.CONSTANT:
            return self._constant(node, first, passed)
        if node.signature is not None:
            first.target.report(
                self._problems, f"expected a constant for this widget, found a link from {node}: "
                                "only a PrimitiveNode may be linked to a widget, or one of a "
                                "single value such as PrimitiveInt", port=first.input.name)
        return _NONE

    def _primitive(self, node: UiNode, first: Wire) -> Any:
        saved = node.raw.get("widgets_values")
        candidates = list(saved.values()) if isinstance(saved, dict) else saved
        if isinstance(candidates, list) and candidates:
            return _NONE if candidates[0] is None else candidates[0]
        node.report(self._problems, f"expected a value in widgets_values, found {shown(saved)}; "
                                    f"{first.target} takes its {first.input.name!r} from here")
        return _NONE

    def _constant(self, node: UiNode, first: Wire, passed: set[str]) -> Any:
        if node.id in passed:
            node.report(self._problems, "its value comes from itself")
            return _NONE
        passed.add(node.id)
        for wire in self._wires.get(node.id, ()):
            value = self._given(wire, first, passed)
            if value is not _NONE:
                return value
        return self._own[node.id].get(VALUE, _NONE)

    def _promoted_value(self, host: str, index: int) -> Any:
        """Return the value of a subgraph's input: its own, or that of the widget inside."""
        while True:
            instance = self._canvas.instances[host]
            for name in _names(instance, index):
                if name in self._promoted[host]:
                    return self._promoted[host][name]
            wire = self._first_widget(instance, index)
            if wire is None:
                return _NONE
            if wire.target.part is not Part.SUBGRAPH:
                return self._own.get(wire.target.id, {}).get(wire.input.name, _NONE)
            host, index = wire.target.id, self._inner_input(wire)

    def _first_widget(self, instance: Instance, index: int) -> Wire | None:
        """Return the first wire from input ``index`` of a definition to a widget inside."""
        for wire in self._inside.get((instance.input_door, index), ()):
            if wire.target.part is Part.SUBGRAPH:
                inner = self._canvas.instances[wire.target.id]
                if self._first_widget(inner, self._inner_input(wire)) is not None:
                    return wire
            elif wire.input.role is Role.WIDGET:
                return wire
        return None

    def _inner_input(self, wire: Wire) -> int:
        """Return which input of its definition a wire into a subgraph's node leads to."""
        inner = self._canvas.instances[wire.target.id].inner_input(wire.target_slot)
        return -1 if inner is None else inner

    def _read_host(self, instance: Instance) -> None:
        """Note what the node of a subgraph says of widgets inside."""
        host = instance.host
        values = self._promoted.setdefault(host.id, {})
        replaced = dict(values)
        properties = host.raw.get("properties")
        proxies = properties.get("proxyWidgets") if isinstance(properties, dict) else None
        saved, named = host.raw.get("widgets_values"), host.raw.get("widgets_values_named")
        saved = saved if isinstance(saved, list) else []
        if isinstance(named, dict):
            values.update(named)
        elif isinstance(proxies, list) and proxies:
            self._read_proxies(host, proxies, saved)
        else:
            values.update(self._by_position(instance, saved))
        values.update(replaced)
        for name in [name for name, value in values.items() if value is None]:
            del values[name]

    def _by_position(self, instance: Instance, saved: list[Any]) -> dict[str, Any]:
        """Return a host's values by input: it has one for each input that leads to a widget."""
        boxes = {slot.name for slot in instance.host.inputs or () if slot.role is Role.WIDGET}
        promoted = [slot.name for index, slot in enumerate(instance.definition.inputs)
                    if not boxes.isdisjoint(_names(instance, index))
                    or self._first_widget(instance, index) is not None]
        if len(saved) > len(promoted):
            # Some editors list what is to become of a seed after a run too.
            saved = [value for index, value in enumerate(saved)
                     if index == 0 or value not in SEED_CONTROL_VALUES]
        return dict(zip(promoted, saved, strict=False))

    def _read_proxies(self, host: UiNode, proxies: list[Any], saved: list[Any]) -> None:
        """Read the older way of showing widgets: ``[inner node, widget]`` for each value."""
        for entry, value in zip(proxies, saved, strict=False):
            if not isinstance(entry, list) or len(entry) < 2 or value is None:
                continue
            inner, name = read_id(entry[0]), entry[1]
            if inner is None or not isinstance(name, str):
                continue
            id_ = f"{host.id}:{inner}"
            if inner == "-1":
                self._promoted[host.id][name] = value
            elif id_ in self._own:
                self._own[id_][name] = value
            elif id_ in self._canvas.instances:
                self._promoted.setdefault(id_, {})[name] = value


def _names(instance: Instance, index: int) -> list[str]:
    """Return what input ``index`` of a definition is called: inside, and on the node outside."""
    names = [slots[place].name for slots, place in (
        (instance.definition.inputs, index),
        (instance.host.inputs or (), instance.host_input(index)))
        if place is not None and 0 <= place < len(slots)]
    return list(dict.fromkeys(names))
