"""Node types of the editor itself, which take no part in the graph that runs."""

from __future__ import annotations

import re
from typing import Any

# Text on the canvas and switches of the editor.  None of them has data to give or to take.
DISPLAY_ONLY = frozenset({
    "Note", "MarkdownNote", "Label (rgthree)", "Bookmark (rgthree)",
    "Fast Groups Muter (rgthree)", "Fast Groups Bypasser (rgthree)",
})
# Ends of links that are not drawn as far as they go; see `dnne_ros.workflow.ui_labels`.
LABELS = frozenset({"Label", "LabelNode"})

_GROUP_NODE = re.compile(r"workflow[>/](.*)", re.DOTALL)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def group_name(type_: Any) -> str | None:
    """Return the name of the group node that a type means; None for any other type."""
    found = _GROUP_NODE.fullmatch(type_) if isinstance(type_, str) else None
    return None if found is None else found[1]


def why_not_a_type(type_: str) -> str | None:
    """Say what a type's name means that no catalogue can hold; None for any other name."""
    name = group_name(type_)
    if name is not None:
        return f"is the group node {name!r}, which this file does not define"
    if _UUID.fullmatch(type_):
        return ("is a subgraph that this file does not define; open the file in the editor that "
                "wrote it and save again")
    return None
