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
