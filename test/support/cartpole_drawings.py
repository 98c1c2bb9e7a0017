"""Drawings with all that the front end can put into one, made of that of Cartpole."""

import copy

from dnne_ros.errors import Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import parse_workflow

SUBGRAPH = "5f0c8a5e-0000-4000-8000-000000000001"
MUTED, BYPASSED = 2, 4


def graph_of(document, path, catalogue):
    """Return what ``dnne-ros check`` sees in a drawing, as values that can be compared."""
    workflow, problems = parse_workflow(document, path.stem, str(path), catalogue.signature)
    assert isinstance(problems, Problems)
    graph = build_graph(workflow, catalogue, problems)
    return {
        "nodes": {id: (node.type.type_name, dict(node.values), node.ros_name, node.process,
                       repr(node.faults)) for id, node in graph.nodes.items()},
        "edges": {(str(edge.source), str(edge.target), edge.type.name, edge.policy, edge.capacity,
                   edge.implied, edge.when_absent) for edge in graph.edges},
        "groups": [(group.title, group.bounds) for group in graph.groups],
    }


def node_of(document, id):
    """Return a node of a drawing."""
    return next(node for node in document["nodes"] if node["id"] == id)


def _link(document, origin, slot, target, target_slot, kind):
    number = document["last_link_id"] = document["last_link_id"] + 1
    document["links"].append([number, origin, slot, target, target_slot, kind])
    source, sink = node_of(document, origin), node_of(document, target)
    source["outputs"][slot]["links"] = [*(source["outputs"][slot]["links"] or []), number]
    sink["inputs"][target_slot]["link"] = number


def unlink(document, target, slot):
    """Remove the link into an input."""
    entry = node_of(document, target)["inputs"][slot]
    number, entry["link"] = entry["link"], None
    document["links"] = [link for link in document["links"] if link[0] != number]
    for node in document["nodes"]:
        for output in node.get("outputs", []):
            output["links"] = [each for each in output["links"] or [] if each != number] or None


def _add(document, type, inputs, outputs, **more):
    id = document["last_node_id"] = document["last_node_id"] + 1
    document["nodes"].append({
        "id": id, "type": type, "pos": [60 * id, 900], "size": [220, 80], "flags": {},
        "order": id, "mode": 0, "properties": {},
        "inputs": [{"name": name, "type": kind, "link": None} for name, kind in inputs],
        "outputs": [{"name": name, "type": kind, "links": None} for name, kind in outputs],
        **more})
    return id


def _between(document, type, inputs, outputs, **more):
    """Put a node into the link from the merge to the agent."""
    unlink(document, 3, 0)
    id = _add(document, type, inputs, outputs, **more)
    _link(document, 2, 0, id, 0, "TENSOR")
    _link(document, id, 0, 3, 0, "TENSOR")
    return document


def aliases(document):
    names = {"PPOTrainerNode": "PPOTrainer", "DisplayNode": "Debug", "ORNode": "OR",
             "CartpoleActionNode": "CartpoleAction"}
    for node in document["nodes"]:
        node["type"] = names.get(node["type"], node["type"])
    return document


def outputs_in_another_order(document):
    for node in document["nodes"]:
        last = len(node["outputs"]) - 1
        node["outputs"].reverse()
        for link in document["links"]:
            if link[1] == node["id"]:
                link[2] = last - link[2]
    return document


def muted(document):
    node_of(document, 7)["mode"] = MUTED
    return document


def bypassed(document):
    ports = [(name, "TENSOR") for name in ("input_a", "input_b", "input_c")]
    return _between(document, "ORNode", ports, [("output", "TENSOR")], mode=BYPASSED,
                    widgets_values=[])


def reroute(document):
    return _between(document, "Reroute", [("", "*")], [("", "TENSOR")])


def _to_learning_rate(document, id):
    entry = {"name": "learning_rate", "type": "FLOAT", "link": None,
             "widget": {"name": "learning_rate"}}
    inputs = node_of(document, 6)["inputs"]
    inputs.append(entry)
    _link(document, id, 0, 6, len(inputs) - 1, "FLOAT")
    return document


def primitive(document):
    id = _add(document, "PrimitiveNode", [], [("FLOAT", "FLOAT")], widgets_values=[1e-6, "fixed"])
    node_of(document, id)["outputs"][0]["widget"] = {"name": "learning_rate"}
    return _to_learning_rate(document, id)


def constant(document):
    return _to_learning_rate(document, _add(
        document, "PrimitiveFloat", [], [("FLOAT", "FLOAT")], widgets_values=[0.0031]))


def edge_options(document):
    node_of(document, 6)["properties"]["dnne_ros"] = {
        "inputs": {"reward": {"capacity": 7}, "model": {"when_absent": "wait"}}}
    node_of(document, 7)["properties"]["dnne_ros"] = {
        "process": "watching", "inputs": {"value": {"policy": "drop_oldest", "capacity": 3}}}
    return document


def subgraph(document):
    """Show the mean return inside a subgraph."""
    display = copy.deepcopy(node_of(document, 7))
    link = next(each for each in document["links"] if each[3] == 7)
    link[3], link[4] = 8, 0
    display["inputs"][0]["link"] = 1
    kind = display["inputs"][0]["type"]
    host = {"id": 8, "type": SUBGRAPH, "pos": [1200, 400], "size": [200, 60], "flags": {},
            "order": 7, "mode": 0, "properties": {}, "widgets_values": [], "outputs": [],
            "inputs": [{"name": "value", "type": kind, "link": link[0]}]}
    document["nodes"] = [node for node in document["nodes"] if node["id"] != 7] + [host]
    document["last_node_id"] = 8
    document["definitions"] = {"subgraphs": [{
        "id": SUBGRAPH, "version": 1, "revision": 0, "config": {}, "name": "Shown",
        "state": {"lastGroupId": 0, "lastNodeId": 7, "lastLinkId": 1, "lastRerouteId": 0},
        "inputNode": {"id": -10, "bounding": [0, 0, 120, 60]},
        "outputNode": {"id": -20, "bounding": [900, 0, 120, 60]},
        "inputs": [{"id": "5f0c8a5e-0000-4000-8000-000000000002", "name": "value", "type": kind,
                    "linkIds": [1], "pos": [100, 20]}],
        "outputs": [], "widgets": [], "nodes": [display], "groups": [], "extra": {},
        "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 7, "target_slot": 0,
                   "type": kind}]}]}
    return document


def grouped(document, ids):
    """Put nodes into a group node, as older editors did; returns its id."""
    inner = [node for node in document["nodes"] if node["id"] in ids]
    place = {node["id"]: index for index, node in enumerate(inner)}
    host = document["last_node_id"] = document["last_node_id"] + 1
    links, kept, external = [], [], []
    for link in document["links"]:
        _, origin, slot, target, target_slot, kind = link
        if origin in place and target in place:
            links.append([place[origin], slot, place[target], target_slot, origin, kind])
            continue
        kept.append(link)
        if origin in place:
            external.append([place[origin], slot, kind])
    given, fed = {tuple(link[:2]) for link in links}, {tuple(link[2:4]) for link in links}
    shown = {tuple(each[:2]) for each in external}
    entry = {"id": host, "type": "workflow>Grouped", "pos": [0, 0], "size": [300, 300],
             "flags": {}, "order": 0, "mode": 0, "properties": {}, "inputs": [], "outputs": [],
             "widgets_values": [value for node in inner for value in node["widgets_values"]]}
    moved = {}
    for side, linked in (("inputs", fed), ("outputs", given - shown)):
        names = {}
        for node in inner:
            for slot, each in enumerate(node[side]):
                if (place[node["id"]], slot) in linked:
                    continue
                name = each["name"]
                if name in names:
                    name = f"{node.get('title') or node['type']} {each['name']}"
                if name in names and side == "inputs":
                    name = f"{node['title']} {names[name]} {each['name']}"
                elif name in names:
                    name = f"{node['title']} {place[node['id']]} {each['name']}"
                names[name] = names.get(name, 1) + 1
                moved[side, node["id"], slot] = len(entry[side])
                entry[side].append({**each, "name": name})
    for link in kept:
        for side, at in (("outputs", 1), ("inputs", 3)):
            if link[at] in place:
                link[at + 1] = moved[side, link[at], link[at + 1]]
                link[at] = host
    document["links"] = kept
    document["nodes"] = [node for node in document["nodes"] if node["id"] not in ids] + [entry]
    document["extra"] = {**document.get("extra", {}), "groupNodes": {"Grouped": {
        "nodes": [{**{key: value for key, value in node.items() if key != "id"},
                   "widgets_values": [None for _ in node["widgets_values"]], "index": index,
                   "inputs": [{**each, "link": None} for each in node["inputs"]],
                   "outputs": [{**each, "links": []} for each in node["outputs"]]}
                  for index, node in enumerate(inner)],
        "links": links, "external": external}}}
    return host


def group_node(document):
    """Put the agent, what it takes from and its action into a group node."""
    grouped(document, {2, 3, 5})
    return document


def _fresh(change):
    return lambda document: change(copy.deepcopy(document))


DRAWINGS = {change.__name__: _fresh(change) for change in (
    aliases, outputs_in_another_order, muted, bypassed, reroute, primitive, constant, edge_options,
    subgraph, group_node)}
