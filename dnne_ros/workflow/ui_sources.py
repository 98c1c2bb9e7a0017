"""Where the data of a wire really comes from: back through all nodes that only pass it on.

The rules are those by which ComfyUI's editor makes a prompt of a graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dnne_ros.errors import Problems
from dnne_ros.workflow.ui_canvas import UiCanvas
from dnne_ros.workflow.ui_labels import label_name
from dnne_ros.workflow.ui_node import Part, UiNode
from dnne_ros.workflow.ui_slots import Slot
from dnne_ros.workflow.ui_wires import Wire

REPORTED = ""


@dataclass(frozen=True)
class Source:
    """What an input is given: by a ``wire`` from the node that has it, or nothing.

    ``promoted`` is the input of a subgraph (its node's id, the slot in its definition) where the
    way ends: such an input may hold a value.  ``gap`` says why nothing comes, `REPORTED` if that
    is a problem that has been reported.
    """

    wire: Wire | None = None
    promoted: tuple[str, int] | None = None
    gap: str = REPORTED


class Sources:
    """Follows wires back to the node that gives the data, remembering what it found."""

    def __init__(self, canvas: UiCanvas, wires: Iterable[Wire], problems: Problems):
        """Follow within ``wires``, each of which is the only one into its input."""
        self._canvas = canvas
        self._problems = problems
        self._incoming = {(wire.target.id, wire.target_slot): wire for wire in wires}
        self._labels: dict[tuple[str, str], UiNode] = {}
        """Labels that take something in, by their canvas and name."""
        for wire in self._incoming.values():
            if wire.target.part is Part.LABEL:
                self._labels.setdefault(_label_place(wire.target), wire.target)
        self._found: dict[tuple[str, str], Source] = {}

    def of(self, wire: Wire) -> Source:
        """Return what the input at the end of ``wire`` is given."""
        type_ = wire.input.type
        passed: dict[tuple[str, str], Wire] = {}
        found: Source | None = None
        while found is None:
            key = wire.id, type_
            if key in self._found:
                found = self._found[key]
            elif key in passed:
                self._report_loop(list(passed.values())[list(passed).index(key):])
                found = Source()
            else:
                passed[key] = wire
                step = self._step(wire, type_)
                if isinstance(step, Source):
                    found = step
                else:
                    wire, type_ = step
        self._found.update(dict.fromkeys(passed, found))
        return found

    def _step(self, wire: Wire, type_: str) -> tuple[Wire, str] | Source:
        """Return the wire before ``wire`` and the type that is wanted of it, or the end."""
        node = wire.source
        if node.part is Part.REROUTE:
            return self._into(node, 0, type_)
        if node.part is Part.LABEL:
            taking = self._labels.get(_label_place(node))
            return self._into(taking, 0, type_) if taking is not None else Source(
                gap=f"its link comes from {node}, and nothing is linked to a label "
                    f"{label_name(node)!r:.80}")
        if node.part is Part.BYPASSED:
            slot = bypass_slot(node, wire.source_slot, type_)
            inputs = node.inputs or ()
            if slot is None or slot >= len(inputs):
                return Source(gap=f"its link comes through {node}, which is bypassed and has no "
                                  f"input of type {type_} to pass on")
            return self._into(node, slot, inputs[slot].type)
        if node.part is Part.SUBGRAPH:
            instance = self._canvas.instances[node.id]
            door = self._canvas.nodes[instance.output_door]
            return self._into(door, instance.inner_output(wire.source_slot), type_)
        if node.part is Part.DOOR:
            return self._out_of(node, wire.source_slot)
        if node.part is Part.MUTED:
            return Source(gap=f"its link comes from {node}, which is muted")
        return Source() if node.part is Part.REFUSED else Source(wire)

    def _into(self, node: UiNode, slot: int | None, type_: str) -> tuple[Wire, str] | Source:
        before = None if slot is None else self._incoming.get((node.id, slot))
        if before is not None:
            return before, type_
        name = None if slot is None else node.slot("inputs", slot)
        where = f"its input {name.name!r}" if name is not None and name.name else "which"
        return Source(gap=f"its link comes through {node}, and nothing is linked to "
                          f"{'it' if where == 'which' else where}")

    def _out_of(self, door: UiNode, slot: int) -> tuple[Wire, str] | Source:
        """Leave a subgraph by its input door."""
        instance = self._canvas.instances[door.id]
        host, index = instance.host, instance.host_input(slot)
        before = None if index is None else self._incoming.get((host.id, index))
        if before is not None:
            return before, before.input.type
        inside = door.slot("outputs", slot)
        name = inside.name if inside is not None else str(slot)
        return Source(promoted=(host.id, slot), gap=(
            f"its link comes through input {name!r} of node {host.id} "
            f"({instance.definition.name!r}), and nothing is linked to that"))

    def _report_loop(self, wires: list[Wire]) -> None:
        loop = sorted((wire.source for wire in wires), key=lambda node: (len(node.id), node.id))
        names = ", ".join(dict.fromkeys(map(str, loop)))
        loop[0].report(self._problems, "expected data from a node that runs, found a loop of "
                                       f"nodes that only pass it on: {names}")


def _label_place(label: UiNode) -> tuple[str, str]:
    return label.prefix, label_name(label)


def bypass_slot(node: UiNode, output: int, wanted: str) -> int | None:
    """Return which input a bypassed node passes on by slot ``output`` to an input of a type.

    The one of the same slot if its type suits; else the first of exactly the wanted type; else
    the first that suits.  An input of any type takes the same slot, or slot 0, whatever it is.
    """
    inputs: tuple[Slot, ...] = node.inputs or ()
    if _is_any(wanted):
        return output if output < len(inputs) else 0
    slot = node.slot("outputs", output)
    given = slot.type if slot is not None else ""
    suiting = [index for index, input_ in enumerate(inputs)
               if connectable(input_.type, given) and connectable(input_.type, wanted)]
    if output in suiting:
        return output
    exact = [index for index, input_ in enumerate(inputs) if input_.type == wanted]
    return next(iter(exact + suiting), None)


def connectable(one: str, other: str) -> bool:
    """Tell whether the editor links slots of these types: lists of names, in any case."""
    if _is_any(one) or _is_any(other):
        return True
    names = set(other.lower().split(","))
    return any(name in names or _is_any(name) for name in one.lower().split(",")) \
        or any(map(_is_any, names))


def _is_any(type_: str) -> bool:
    return type_ in ("", "*")
