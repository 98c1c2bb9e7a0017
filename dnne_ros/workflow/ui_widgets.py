"""Which widget each of a node's positional `widgets_values` belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.shown import listed, shown
from dnne_ros.workflow.signature import NodeSignature
from dnne_ros.workflow.ui_node import UiNode
from dnne_ros.workflow.ui_slots import Role

# The editor adds a choice to a seed: what becomes of it after a run.  Nothing here has use for it.
SEED_CONTROLS = ("seed_control", "control_after_generate")
SEED_CONTROL_VALUES = ("fixed", "increment", "decrement", "randomize")


def is_seed_control(name: str, signature: NodeSignature) -> bool:
    """Tell whether ``name`` is the editor's extra choice beside a seed, not a declared widget."""
    return name in SEED_CONTROLS and all(widget.name != name for widget in signature.widgets)


def read_ui_widgets(node: UiNode, problems: Problems) -> dict[str, Any]:
    """Return the values that the file gives, by declared widget name."""
    if node.signature is None:
        return {}
    saved = [slot.name for slot in node.inputs or () if slot.role is Role.WIDGET]
    values = node.raw.get("widgets_values")
    if isinstance(values, dict):
        given = dict(values)
    elif isinstance(values, list):
        given = _by_position(node, node.signature, saved, values, problems)
    else:
        given = {}
        if values is not None:
            node.report(problems, "expected widgets_values to be a list or an object, found "
                                  f"{shown(values)}")
    declared = [widget.name for widget in node.signature.widgets]
    for name in dict.fromkeys([*saved, *given]):
        if name not in declared and not is_seed_control(name, node.signature):
            node.report(problems, f"{node.type} has no widget {shown(name)}; it has: "
                                  f"{listed(declared)}", port=name)
    return {name: value for name, value in given.items() if name in declared}


def _by_position(node: UiNode, signature: NodeSignature, saved: Sequence[str],
                 values: Sequence[Any], problems: Problems) -> dict[str, Any]:
    given, left_over = _align(saved, values, signature)
    if saved and not left_over:
        # Newer editors list every widget among the inputs: these are the names at saving time.
        return given
    declared = [widget.name for widget in signature.widgets]
    given, left_over = _align(declared, values, signature)
    if left_over:
        node.report(problems, f"{node.type} has {len(declared)} widgets ({listed(declared)}), but "
                              f"widgets_values holds {len(values)} values, {left_over} too many")
    return given


def _align(names: Sequence[str], values: Sequence[Any],
           signature: NodeSignature) -> tuple[dict[str, Any], int]:
    """Return the values by name, and how many are left over."""
    seeds = [widget.name for widget in signature.widgets if widget.is_seed]
    plain = sum(not is_seed_control(name, signature) for name in names)
    # With one value for each widget there is no extra one: "fixed" may be a widget's own value.
    has_controls = len(values) != plain
    given: dict[str, Any] = {}
    index = 0
    for name in names:
        if not is_seed_control(name, signature):
            if index == len(values):
                break
            given[name] = values[index]
            index += 1
            if name not in seeds:
                continue
        if has_controls and index < len(values) and values[index] in SEED_CONTROL_VALUES:
            index += 1
    return given, len(values) - index
