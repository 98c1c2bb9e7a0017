"""Labels: a link drawn to one goes on at all others of its name on the same canvas."""

from __future__ import annotations

from dnne_ros.workflow.ui_node import UiNode

# The first that is there counts; one that gives something on names the other in the former.
_NAMES = ("connectedToLabel", "labelName")


def label_name(label: UiNode) -> str:
    """Return a label's name; its own id, which no other has, if the file gives it none."""
    properties = label.raw.get("properties")
    names = [properties.get(key) for key in _NAMES] if isinstance(properties, dict) else []
    return next((name for name in names if isinstance(name, str) and name), f"label {label.id}")
