"""Which widget each of a node's positional `widgets_values` belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.residue import note
from dnne_ros.workflow.shown import listed, shown
from dnne_ros.workflow.signature import NodeSignature
from dnne_ros.workflow.ui_node import UiNode
from dnne_ros.workflow.ui_slots import Role
from dnne_ros.workflow.unknown_names import meant_by

# The editor adds a choice to a seed: what becomes of it after a run.  Nothing here has use for it.
SEED_CONTROLS = ("seed_control", "control_after_generate")
SEED_CONTROL_VALUES = ("fixed", "increment", "decrement", "randomize")


def is_seed_control(name: str, signature: NodeSignature) -> bool:
    """Tell whether ``name`` is the editor's extra choice beside a seed, not a declared widget."""
    return name in SEED_CONTROLS and signature.widget(name) is None


def is_meaningless(name: str, signature: NodeSignature) -> bool:
    """Tell whether a file may hold the widget ``name``, which means nothing here."""
    return name in signature.retired or is_seed_control(name, signature)


def read_ui_widgets(node: UiNode, problems: Problems) -> dict[str, Any]:
    """Return the values that the file gives, by declared widget name; null is none.

    Names, where the file has them, count before positions.
    """
    signature = node.signature
    if signature is None:
        return {}
    values, named = node.raw.get("widgets_values"), node.raw.get("widgets_values_named")
    given: dict[str, Any] = {}
    if isinstance(named, dict) and named:
        given = _by_name(node, signature, named, problems)
    elif isinstance(values, dict):
        given = _by_name(node, signature, values, problems)
    elif isinstance(values, list):
        given = _by_position(node, signature, values, problems)
    elif values is not None:
        node.report(problems, "expected widgets_values to be a list or an object, found "
                              f"{shown(values)}")
    return {name: value for name, value in given.items() if value is not None}


def _by_name(node: UiNode, signature: NodeSignature, given: dict[str, Any],
             problems: Problems) -> dict[str, Any]:
    known = [widget.name for widget in signature.widgets]
    for name in given:
        if name in known or is_meaningless(name, signature):
            continue
        message = f"{node.type} has no widget {shown(name)}; it has: {listed(known)}"
        if meant := meant_by(name, known, given):
            node.report(problems, f"{message}; did you mean {' or '.join(meant)}?", port=name)
        else:
            note(problems, f"{node}: {message}; its value is ignored")
    return {name: value for name, value in given.items() if name in known}


def _by_position(node: UiNode, signature: NodeSignature, values: list[Any],
                 problems: Problems) -> dict[str, Any]:
    declared = [widget.name for widget in signature.widgets]
    while len(values) > len(declared) and values[-1] is None:
        values = values[:-1]
    saved = [slot.name for slot in node.inputs or () if slot.role is Role.WIDGET]
    strange = [name for name in saved
               if name not in declared and not is_meaningless(name, signature)]
    by_saved, left_over = _align(saved, values, signature)
    # Newer editors list every widget among the inputs: these are the names at saving time.  With
    # names that the type does not have, they tell the order only if none of its own is missing.
    complete = set(declared) <= set(by_saved) and len(by_saved) == len(
        {name for name in saved if not is_seed_control(name, signature)})
    if saved and (complete or (not strange and not left_over)):
        return {name: value for name, value in by_saved.items() if name in declared}
    if strange:
        note(problems, f"{node}: {node.type} has no widget {listed(strange)}; the values in "
                       f"widgets_values are taken for {listed(declared)}, in this order")
    given, left_over = _align(declared, values, signature)
    extra = values[len(values) - left_over:] if declared else []
    if any(value is not None for value in extra[len(signature.retired):]):
        note(problems, f"{node}: {node.type} has {len(declared)} widgets ({listed(declared)}), "
                       f"but widgets_values holds {len(values)} values; the last "
                       f"{left_over} are ignored")
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
