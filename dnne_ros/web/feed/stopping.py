"""Ends a run that goes on on this machine, as Ctrl-C in its terminal would.

Process ids are told on ``/diagnostics``, where anybody may say anything.  So a process is sent a
signal only if it holds the name of its node, by which processes of one user know each other.
"""

from __future__ import annotations

import os
import signal

from dnne_ros.errors import DnneError
from dnne_ros.runtime.coordination.name_claims import holds_name
from dnne_ros.top.state import GraphState


def stop_graph(graph: GraphState, domain: int) -> None:
    """Tell a process of ``graph`` to end the run, in order and with its checkpoint.

    `DnneError` if none of them can be told from here.
    """
    for name, entry in graph.nodes.items():
        process_id = entry.values.get("pid")
        if isinstance(process_id, int) and process_id > 1 \
                and holds_name(process_id, f"{graph.namespace}/{name}", domain):
            os.kill(process_id, signal.SIGTERM)
            return
    raise DnneError(f"{graph.namespace} cannot be stopped from here: none of its processes is of "
                    "this machine and user")
