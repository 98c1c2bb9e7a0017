"""A group node on its canvas as the node of a subgraph: its slots by name, and its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dnne_ros.workflow.group_definition import GroupDefinition
from dnne_ros.workflow.group_ports import InnerPort
from dnne_ros.workflow.node_head import read_id
from dnne_ros.workflow.ui_widgets import SEED_CONTROL_VALUES

_SIDES = {"inputs": ("target_id", "target_slot", 3, 4),
          "outputs": ("origin_id", "origin_slot", 1, 2)}

_UNLINKED = {"inputs": {"link": None}, "outputs": {"links": None}}


def as_host(node: Mapping[str, Any], group: GroupDefinition, id: str, canvas: Mapping[str, Any]
            ) -> dict[str, Any]:
    """Return the entry of a group node as that of a subgraph, its links moved in ``canvas``."""
    widgets = [port for port in group.inputs if port.is_widget]
    values = _values(node, widgets)
    host = {**node, "type": id, "widgets_values": list(values.values()),
            "widgets_values_named": values}
    for side, ports in (("inputs", group.inputs), ("outputs", group.outputs)):
        if isinstance(node.get(side), list):
            host[side], moved = _ordered(node[side], ports, _UNLINKED[side])
            _move_links(canvas.get("links"), node.get("id"), side, moved)
    return host


def _ordered(entries: Sequence[Any], ports: Sequence[InnerPort], empty: Mapping[str, None]
             ) -> tuple[list[Any], dict[int, int]]:
    """Return a side's entries in the order of ``ports``, and where each was and is.

    Those of other names follow, or take the places of ports that nothing is called like, if
    there are as many.
    """
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    places = {port.name: names.index(port.name) for port in ports if port.name in names}
    strange = [index for index in range(len(entries)) if index not in places.values()]
    free = [port.name for port in ports if port.name not in places and not port.is_widget]
    if len(free) == len(strange):
        places |= dict(zip(free, strange, strict=True))
        strange = []
    ordered: list[Any] = []
    for port in ports:
        entry = entries[places[port.name]] if port.name in places else {}
        ordered.append({**empty, **(entry if isinstance(entry, dict) else {}), "name": port.name,
                        "type": port.type,
                        **({"widget": {"name": port.name}} if port.is_widget else {})})
    moved = {places[port.name]: index for index, port in enumerate(ports) if port.name in places}
    moved |= {was: len(ports) + index for index, was in enumerate(strange)}
    return [*ordered, *(entries[index] for index in strange)], moved


def _move_links(links: Any, id: Any, side: str, moved: Mapping[int, int]) -> None:
    node_key, slot_key, node_place, slot_place = _SIDES[side]
    if isinstance(links, dict):
        links = list(links.values())
    for link in links if isinstance(links, list) else ():
        node: Any
        slot: Any
        if isinstance(link, list) and len(link) > slot_place:
            node, slot = node_place, slot_place
        elif isinstance(link, dict) and {node_key, slot_key} <= link.keys():
            node, slot = node_key, slot_key
        else:
            continue
        if read_id(link[node]) == read_id(id) and isinstance(link[slot], int):
            link[slot] = moved.get(link[slot], link[slot])


def _values(node: Mapping[str, Any], widgets: Sequence[InnerPort]) -> dict[str, Any]:
    """Return the values of a group node by the names of its widgets."""
    named, saved = node.get("widgets_values_named"), node.get("widgets_values")
    if not isinstance(named, dict) and isinstance(saved, dict):
        named = saved
    if isinstance(named, dict):
        return {port.name: named[port.name] for port in widgets if port.name in named}
    saved = saved if isinstance(saved, list) else []
    has_controls = len(saved) > len(widgets)
    values: dict[str, Any] = {}
    index = 0
    for port in widgets:
        if index == len(saved):
            break
        values[port.name] = saved[index]
        index += 1
        if has_controls and port.controlled and index < len(saved) \
                and saved[index] in SEED_CONTROL_VALUES:
            index += 1
    return values
