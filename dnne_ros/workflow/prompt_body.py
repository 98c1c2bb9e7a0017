"""What an editor sends to a server: a graph in the API format, and the canvas it was made of.

``{"prompt": …, "extra_data": {"extra_pnginfo": {"workflow": …}}}`` is the body of POST /prompt;
``{"output": …, "workflow": …}`` is the same in the editor's own hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from dnne_ros.errors import Problems
from dnne_ros.workflow.api_format import is_api_format
from dnne_ros.workflow.records import Workflow
from dnne_ros.workflow.signature import SignatureLookup
from dnne_ros.workflow.ui_format import is_ui_format, parse_ui


class PromptBody(NamedTuple):
    """A graph in the API format, and the UI file that came with it, if one did."""

    graph: Mapping[str, Any]
    canvas: Mapping[str, Any] | None


def unwrap_prompt(document: Any) -> PromptBody | None:
    """Return what a JSON value holds if it is such a body, else None."""
    if not isinstance(document, dict):
        return None
    canvas: Any = document
    for key in ("extra_data", "extra_pnginfo", "workflow"):
        canvas = canvas.get(key) if isinstance(canvas, dict) else None
    for graph, beside in ((document.get("prompt"), canvas),
                          (document.get("output"), document.get("workflow"))):
        if isinstance(graph, dict) and is_api_format(graph):
            return PromptBody(graph, beside if is_ui_format(beside) else None)
    return None


def add_canvas(workflow: Workflow, canvas: Mapping[str, Any], signature_of: SignatureLookup
               ) -> Workflow:
    """Return ``workflow`` with what only its UI file knows: places, and options of edges."""
    # The graph is what counts: what is odd about the canvas is nobody's concern.
    drawn = parse_ui(canvas, workflow.name, workflow.path, signature_of, Problems(workflow.path))
    known = {node.id: node for node in drawn.nodes}
    return replace(workflow, groups=drawn.groups, nodes=tuple(
        replace(node, position=known[node.id].position, size=known[node.id].size,
                options=known[node.id].options) if node.id in known else node
        for node in workflow.nodes))
