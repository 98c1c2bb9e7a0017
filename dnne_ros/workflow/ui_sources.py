"""Where the data of a wire really comes from: back through reroutes and bypassed nodes."""

from __future__ import annotations

from collections.abc import Iterable

from dnne_ros.errors import Problems
from dnne_ros.workflow.ui_node import Part, UiNode
from dnne_ros.workflow.ui_slots import Role
from dnne_ros.workflow.ui_wires import Wire


class Sources:
    """Follows wires back to the node that gives the data, remembering what it found."""

    def __init__(self, wires: Iterable[Wire], problems: Problems):
        """Follow within ``wires``, each of which is the only one into its input."""
        self._problems = problems
        self._incoming: dict[str, dict[str, Wire]] = {}
        for wire in wires:
            if wire.input.role is Role.PORT:
                self._incoming.setdefault(wire.target.id, {})[wire.input.name] = wire
        self._found: dict[str, Wire | None] = {}
        self._bypasses: dict[str, dict[str, str]] = {}

    def origin(self, wire: Wire) -> Wire | None:
        """Return the wire that leaves the data's source; None when nothing comes this way."""
        passed: dict[str, Wire] = {}
        current: Wire | None = wire
        while current is not None and current.id not in self._found:
            if current.id in passed:
                self._report_loop(list(passed.values())[list(passed).index(current.id):])
                current = None
                break
            passed[current.id] = current
            if current.source.part not in (Part.REROUTE, Part.BYPASSED):
                break
            current = self._before(current)
        if current is not None:
            current = self._found.get(current.id, current)
        self._found.update(dict.fromkeys(passed, current))
        return current

    def _before(self, wire: Wire) -> Wire | None:
        """Return the wire into the virtual node that ``wire`` leaves."""
        node = wire.source
        incoming = self._incoming.get(node.id, {})
        if node.part is Part.REROUTE:
            return incoming.get("")
        if node.id not in self._bypasses:
            self._bypasses[node.id] = _bypass(node, incoming)
        stand_in = self._bypasses[node.id].get(wire.output.name)
        return incoming[stand_in] if stand_in is not None else None

    def _report_loop(self, wires: list[Wire]) -> None:
        loop = sorted((wire.source for wire in wires), key=lambda node: (len(node.id), node.id))
        names = ", ".join(dict.fromkeys(map(str, loop)))
        loop[0].report(self._problems, "expected data from a node that runs, found a loop of "
                                       f"nodes that only pass it on: {names}")


def _bypass(node: UiNode, linked: Iterable[str]) -> dict[str, str]:
    """Return which linked input stands in for each output: the first of its type not yet taken."""
    matches = node.signature.types_match if node.signature else str.__eq__
    free = [slot for slot in node.inputs or () if slot.role is Role.PORT and slot.name in linked]
    stand_ins: dict[str, str] = {}
    for output in node.outputs or ():
        stand_in = next((slot for slot in free if matches(output.type, slot.type)), None)
        if output.role is Role.PORT and stand_in is not None:
            free.remove(stand_in)
            stand_ins[output.name] = stand_in.name
    return stand_ins
