"""Which nodes of a run begin with weights that another program saved."""

from __future__ import annotations

from pathlib import Path

from dnne_ros.checkpoints.model_files import MODEL, model_files
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.node import Node
from dnne_ros.options.first_states import has_checkpoint
from dnne_ros.options.run_settings import RunSettings


def first_weight_files(graph: Graph, settings: RunSettings) -> dict[str, Path]:
    """Return the files of another program's weights that nodes begin with, by node id.

    What was saved for a trainer are the weights of the model that it trains.  `InputError` for a
    node that is not in the graph or has no weights, and for each that has and is not among them:
    random ones would go unnoticed (``--allow-missing``: they may be).
    """
    directory = settings.load_checkpoint_dir
    if directory is None or not holds_weights_alone(directory):
        return {}
    files = model_files(Path(directory))
    strange = [f"node_{id}/{MODEL}: expected weights of nodes in the graph, found those of node "
               f"{id}, which is not in it" for id in files if id not in graph.nodes]
    if strange:
        raise InputError(directory, strange)
    owned = {_owner(graph, id): file for id, file in files.items()}
    problems = Problems(directory)
    for id, node in graph.nodes.items():
        takes_weights = node.type.load_weights is not Node.load_weights
        if id in owned and not takes_weights:
            problems.add(f"found weights of it in {owned[id]}: it has none of its own", node=id,
                         type=node.type.type_name, title=node.title)
        elif takes_weights and id not in owned and not settings.allow_missing:
            problems.add(f"expected its weights in node_{id}/{MODEL}, found none; with "
                         "--allow-missing it begins with random ones", node=id,
                         type=node.type.type_name, title=node.title)
    problems.raise_if_any()
    return owned


def holds_weights_alone(directory: str) -> bool:
    """Tell whether a directory is no checkpoint but holds weights of nodes."""
    return not has_checkpoint(directory) and bool(model_files(Path(directory)))


def _owner(graph: Graph, node: str) -> str:
    """Return the node that has the model which ``node`` trains, or itself."""
    for name, port in graph.nodes[node].type.inputs.items():
        for edge in graph.incoming[node].get(name, ()) if port.trains else ():
            return edge.source.node
    return node
