"""A workflow file as the front end can open it without changing what it means.

The front end goes by the order in which a node type declares its outputs today, takes values by
position, and drops what it has no name for; a file may be older.  So outputs are put into today's
order, inputs get today's names, and each value is told by name.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.canvas_of_records import draw_canvas
from dnne_ros.errors import Problems
from dnne_ros.node_api.node import Node
from dnne_ros.workflow.group_definition import group_id
from dnne_ros.workflow.group_nodes import without_group_nodes
from dnne_ros.workflow.prompt_body import unwrap_prompt
from dnne_ros.workflow.reading import parse_workflow
from dnne_ros.workflow.ui_definitions import Definition, read_definitions
from dnne_ros.workflow.ui_format import is_ui_format
from dnne_ros.workflow.ui_node import NodeReader, UiNode
from dnne_ros.workflow.ui_widgets import read_ui_widgets

_ORIGIN, _ORIGIN_SLOT = 1, 2


def openable(document: Any, path: Path, catalogue: Catalogue) -> Any:
    """Return what the front end opens for the JSON value of the file at ``path``.

    A graph in the API format becomes a drawing.  `InputError` for what is no workflow.
    """
    body = unwrap_prompt(document)
    if body is not None:
        document = body.graph if body.canvas is None else body.canvas
    if is_ui_format(document):
        document = copy.deepcopy(document)
    else:
        workflow, _ = parse_workflow(document, path.stem, str(path), catalogue.signature)
        document = draw_canvas(workflow, catalogue)
    document, _ = without_group_nodes(document, catalogue.signature, str(path), id_of=group_id)
    definitions = read_definitions(document)
    for canvas in (document, *(each.raw for each in definitions.values())):
        if isinstance(canvas.get("nodes"), list):
            _Canvas(canvas, definitions, catalogue).renew()
    return document


class _Canvas:
    """The nodes and links of a file or of one of its subgraphs, which are changed in place."""

    def __init__(self, canvas: Mapping[str, Any], definitions: Mapping[str, Definition],
                 catalogue: Catalogue):
        self._canvas = canvas
        self._names = catalogue.names()
        self._catalogue = catalogue
        # What is wrong in the file is told when it is checked.
        self._unheard = Problems("")
        self._reader = NodeReader(catalogue.signature, definitions, self._unheard)

    def renew(self) -> None:
        """Bring all nodes of known types up to today's declarations."""
        nodes = self._reader.read(self._canvas["nodes"])
        moves = {}
        for node in nodes.values():
            declared = self._declared(node)
            if declared is None or not isinstance(node.raw, dict):
                continue
            if self._names.get(node.type) is not declared:
                node.raw["type"] = declared.type_name
            _rename_inputs(node.raw, declared)
            self._renew_values(node.raw, node, declared)
            moves[node.id] = _order_outputs(node.raw, declared, node)
        self._move_links(moves)

    def _declared(self, node: UiNode) -> type[Node] | None:
        return None if node.signature is None else self._catalogue.declared(node.signature.type)

    def _renew_values(self, raw: dict[str, Any], node: UiNode, declared: type[Node]) -> None:
        if node.signature is None or not node.signature.widgets:
            return
        given = read_ui_widgets(node, self._unheard)
        values = {name: given.get(name, widget.default)
                  for name, widget in declared.widgets.items()}
        raw["widgets_values"] = list(values.values())
        raw["widgets_values_named"] = values

    def _move_links(self, moves: Mapping[str, Mapping[int, int]]) -> None:
        links = self._canvas.get("links")
        for link in links.values() if isinstance(links, dict) else _listed(links):
            origin: Any
            slot: Any
            if isinstance(link, list) and len(link) > _ORIGIN_SLOT:
                origin, slot = _ORIGIN, _ORIGIN_SLOT
            elif isinstance(link, dict) and {"origin_id", "origin_slot"} <= link.keys():
                origin, slot = "origin_id", "origin_slot"
            else:
                continue
            if isinstance(link[slot], int):
                link[slot] = moves.get(str(link[origin]), {}).get(link[slot], link[slot])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _rename_inputs(raw: dict[str, Any], declared: type[Node]) -> None:
    named = [each for each in _listed(raw.get("inputs"))
             if isinstance(each, dict) and isinstance(each.get("name"), str)]
    taken = {each["name"] for each in named}
    for port in declared.inputs.values():
        for entry in named:
            if entry["name"] in port.aliases and port.name not in taken:
                entry["name"] = port.name
                taken.add(port.name)


def _order_outputs(raw: dict[str, Any], declared: type[Node], node: UiNode) -> dict[int, int]:
    """Put the outputs into today's order; returns where each was and is.

    Those that the type has no more, or that only its values say, come behind the others.
    """
    entries = raw.get("outputs")
    if not isinstance(entries, list):
        return {}
    names = [_output_name(index, entry, declared, node) for index, entry in enumerate(entries)]
    places = {name: names.index(name) for name in declared.outputs if name in names}
    ordered = [{**entries[places[name]], "name": name} if name in places else
               {"name": name, "type": port.type.name, "links": None}
               for name, port in declared.outputs.items()]
    rest = [index for index in range(len(entries)) if index not in places.values()]
    raw["outputs"] = ordered + [entries[index] for index in rest]
    for index, entry in enumerate(raw["outputs"]):
        if isinstance(entry, dict):
            entry["slot_index"] = index
    known = list(declared.outputs)
    return {was: known.index(name) for name, was in places.items()} | {
        was: len(known) + index for index, was in enumerate(rest)}


def _output_name(index: int, entry: Any, declared: type[Node], node: UiNode) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    for port in declared.outputs.values():
        if name == port.name or name in port.aliases:
            return port.name
    slot = node.slot("outputs", index)
    return slot.name if slot is not None else ""
