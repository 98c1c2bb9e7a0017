"""Drawings of the nodes of `test/editor/run_nodes.py`, whose runs are short to start."""


def ticks(number=-1, process=None):
    """Return a drawing of a source and of what fails at a number."""
    options = {"dnne_ros": {"process": process}} if process else {}
    return {"nodes": [
        {"id": 1, "type": "Ticks", "inputs": [], "properties": {}, "widgets_values": [0.01],
         "outputs": [{"name": "value", "type": "INT", "links": [1]}]},
        {"id": 2, "type": "FailsAt", "title": "the one that fails", "outputs": [],
         "inputs": [{"name": "value", "type": "INT", "link": 1}], "widgets_values": [number],
         "properties": options}],
        "links": [[1, 1, 0, 2, 0, "INT"]], "version": 0.4}


def nested_ticks():
    """Return a drawing whose second node is inside a subgraph, node 3."""
    document = placed(ticks())
    source, sink = document["nodes"]
    sink["inputs"][0]["link"] = 1
    id = "5f0c8a5e-0000-4000-8000-000000000001"
    host = {"id": 3, "type": id, "pos": [500, 200], "size": [200, 60], "flags": {}, "order": 1,
            "mode": 0, "properties": {}, "widgets_values": [], "outputs": [],
            "inputs": [{"name": "value", "type": "INT", "link": 1}]}
    return {**document, "last_node_id": 3, "last_link_id": 1, "nodes": [source, host],
            "links": [[1, 1, 0, 3, 0, "INT"]], "definitions": {"subgraphs": [{
                "id": id, "version": 1, "revision": 0, "config": {}, "name": "Inside",
                "state": {"lastGroupId": 0, "lastNodeId": 2, "lastLinkId": 1, "lastRerouteId": 0},
                "inputNode": {"id": -10, "bounding": [0, 0, 120, 60]},
                "outputNode": {"id": -20, "bounding": [900, 0, 120, 60]},
                "inputs": [{"id": "5f0c8a5e-0000-4000-8000-000000000002", "name": "value",
                            "type": "INT", "linkIds": [1], "pos": [100, 20]}],
                "outputs": [], "widgets": [], "nodes": [sink], "groups": [], "extra": {},
                "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 2,
                           "target_slot": 0, "type": "INT"}]}]}}


def placed(drawing):
    """Return a drawing whose nodes stand side by side."""
    for index, node in enumerate(drawing["nodes"]):
        node |= {"pos": [100 + 400 * index, 200], "size": [220, 80]}
    return drawing
