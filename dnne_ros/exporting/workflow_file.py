"""The graph as a workflow file again, in the format that the editor opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dnne_ros.graph.graph import Edge, Graph, GraphNode
from dnne_ros.graph.names import to_ros_name
from dnne_ros.node_api.fault_settings import fault_options

_WIDTH, _HEIGHT, _GAP = 280, 220, 60


def workflow_json(graph: Graph, process_of: Mapping[str, str]) -> str:
    """Return a UI workflow whose graph is ``graph``, values given on the command line included.

    Edge policies and processes are in ``properties.dnne_ros``, as they count.  Links that only
    follow from others are left out: they follow again.
    """
    drawn = [edge for edge in graph.edges if not edge.implied]
    number = {edge: index for index, edge in enumerate(drawn, 1)}
    places = {id: _place(node, index) for index, (id, node) in enumerate(graph.nodes.items())}
    processes = _process_names(process_of)
    nodes = [_node(graph, node, number, places[id], processes[process_of[id]])
             for id, node in graph.nodes.items()]
    links = [[number[edge], _id(edge.source.node),
              list(graph.nodes[edge.source.node].type.outputs).index(edge.source.port),
              _id(edge.target.node),
              list(graph.nodes[edge.target.node].type.inputs).index(edge.target.port),
              edge.type.name] for edge in drawn]
    groups = [{"title": group.title, "bounding": list(group.bounds),
               **({"color": group.color} if group.color is not None else {})}
              for group in graph.groups]
    document = {"nodes": nodes, "links": links, "groups": groups, "config": {}, "extra": {},
                "last_node_id": max([0, *(id for id in map(_id, graph.nodes)
                                          if isinstance(id, int))]),
                "last_link_id": len(links), "version": 0.4}
    return json.dumps(document, indent=1) + "\n"


def _node(graph: Graph, node: GraphNode, number: Mapping[Edge, int],
          place: tuple[float, float], process: str) -> dict[str, Any]:
    incoming, outgoing = graph.incoming[node.id], graph.outgoing[node.id]
    inputs = [{"name": port.name, "type": port.type.name,
               "link": next((number[edge] for edge in incoming.get(port.name, ())
                             if edge in number), None)}
              for port in node.type.inputs.values()]
    outputs = [{"name": port.name, "type": port.type.name,
                "links": [number[edge] for edge in outgoing.get(port.name, ())
                          if edge in number]}
               for port in node.type.outputs.values()]
    values: list[Any] = []
    for name, widget in node.type.widgets.items():
        values += [node.values[name], "fixed"] if widget.seed else [node.values[name]]
    options = {"process": process, "inputs": {
        port: {"policy": edges[0].policy.value, "capacity": edges[0].capacity,
               "when_absent": edges[0].when_absent.value}
        for port, edges in incoming.items()}, **fault_options(node.faults),
        **({} if node.replicas is None else {"replicas": node.replicas.as_option()}),
        **({"priority": node.priority} if node.priority else {})}
    return {"id": _id(node.id), "type": node.type.type_name, "title": node.title,
            "pos": list(place), "size": list(node.size or (_WIDTH, _HEIGHT)), "flags": {},
            "order": list(graph.nodes).index(node.id), "mode": 0, "inputs": inputs,
            "outputs": outputs, "properties": {"dnne_ros": options}, "widgets_values": values}


def _process_names(process_of: Mapping[str, str]) -> dict[str, str]:
    """Return names that a workflow may give its processes; those of long nodes are too long."""
    names = dict.fromkeys(process_of.values())
    return {name: name if to_ros_name(name) == name else f"process_{index}"
            for index, name in enumerate(names)}


def _place(node: GraphNode, index: int) -> tuple[float, float]:
    return node.position or (index * float(_WIDTH + _GAP), 0.0)


def _id(id: str) -> int | str:
    """Return the id as the number that editors give, where it is one."""
    return int(id) if id.isascii() and id.isdigit() and str(int(id)) == id \
        and int(id) < 2**53 else id
