"""Repair of API files in which a faulty converter wrote slot 0 into every link.

A file is repaired only when all of its links say slot 0 and at least one of them cannot mean it.
The true slot is in the UI file of the same graph; without that, it follows from types and names.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dnne_ros.errors import Problems
from dnne_ros.workflow.node_head import NodeHead
from dnne_ros.workflow.records import PortRef
from dnne_ros.workflow.residue import note
from dnne_ros.workflow.shown import listed
from dnne_ros.workflow.signature import PortSignature

ANYTHING = "*"


@dataclass(frozen=True)
class SlotLink:
    """A link whose source is still a slot index; ``name`` is the input's declared name."""

    source: NodeHead
    slot: int
    target: NodeHead
    name: str

    @property
    def place(self) -> PortRef:
        """Return the input that the link leads to."""
        return PortRef(self.target.id, self.name)

    @property
    def origin(self) -> str:
        """Return the link's source for a message."""
        return f"slot {self.slot} of {self.source}"


def repair_slots(links: Sequence[SlotLink], true_sources: Mapping[PortRef, PortRef],
                 problems: Problems) -> list[SlotLink]:
    """Return ``links``, all of slot 0, with true slots if slot 0 cannot be right everywhere.

    ``true_sources`` gives the source of an input as the UI file has it; it may be empty.
    """
    beyond = _wanted_beyond(links)
    cases = [_Case(link, _wanted(link, beyond), true_sources.get(link.place)) for link in links]
    if not any(case.is_wrong() for case in cases):
        return list(links)
    source = "the UI file" if true_sources else "the ports' types and names"
    note(problems, f"all slots have collapsed to 0; working out the true ones from {source}")
    slots = [case.true_slot(problems) for case in cases]
    return [replace(link, slot=slot)
            for link, slot in zip(links, slots, strict=True) if slot is not None]


@dataclass(frozen=True)
class _Case:
    """One link, the inputs that its data must suit, and its source in the UI file if known."""

    link: SlotLink
    wanted: Sequence[PortSignature]
    saved: PortRef | None

    def is_wrong(self) -> bool:
        """Tell whether slot 0 cannot be what the author of the graph meant."""
        saved = self._saved_slot()
        if saved is not None:
            return saved != 0
        candidates = self._candidates()
        # With no candidate at all no slot is right: that is a wrong link, not a collapsed one.
        return bool(candidates) and (
            0 not in candidates
            or (self._likeness(0) == 0 and any(map(self._likeness, candidates))))

    def true_slot(self, problems: Problems) -> int | None:
        """Return the slot that the author meant; report it when that cannot be told."""
        saved = self._saved_slot()
        if saved is not None:
            return saved
        candidates = self._candidates()
        best = max(candidates, key=self._likeness, default=0)
        if not candidates or self._likeness(best):
            return best
        if 0 in candidates:
            return 0
        if len(candidates) == 1:
            return candidates[0]
        choices = listed(self._outputs[slot].name for slot in candidates)
        self.link.target.report(
            problems, f"its link says slot 0 of {self.link.source}, as all links in this file "
                      f"do, and that cannot be right; it may be: {choices}; the UI file of this "
                      "graph would tell", port=self.link.name)
        return None

    @property
    def _outputs(self) -> tuple[PortSignature, ...]:
        signature = self.link.source.signature
        return signature.outputs if signature else ()

    def _saved_slot(self) -> int | None:
        names = [port.name for port in self._outputs]
        if self.saved is None or self.saved.node != self.link.source.id:
            return None
        return names.index(self.saved.port) if self.saved.port in names else None

    def _candidates(self) -> list[int]:
        """Return the slots of the source whose type suits."""
        signature = self.link.source.signature
        if signature is None:
            return []
        return [slot for slot, output in enumerate(signature.outputs)
                if any(signature.types_match(output.type, type) for port in self.wanted
                       for type in (port.type, *port.accepts_also))]

    def _likeness(self, slot: int) -> int:
        """Return 2 for an output named as an input is, 1 for its singular or plural, else 0."""
        if slot >= len(self._outputs):
            return 0
        output = self._outputs[slot]
        offered = {output.name, *output.aliases}
        wanted = {name for port in self.wanted for name in (port.name, *port.aliases)}
        if wanted & offered:
            return 2
        return int(bool({name + "s" for name in wanted} & offered
                        or {name + "s" for name in offered} & wanted))


def _wanted(link: SlotLink, beyond: Mapping[str, Mapping[PortSignature, None]]
            ) -> list[PortSignature]:
    """Return the inputs that the data of ``link`` must suit: its own, or those further on.

    A node like OR takes anything and passes it on, so its own input tells nothing.
    """
    signature = link.target.signature
    port = signature.input(link.name) if signature else None
    if port is None:
        return []
    if port.type != ANYTHING:
        return [port]
    return list(beyond.get(link.target.id, ())) or [port]


def _wanted_beyond(links: Sequence[SlotLink]) -> dict[str, dict[PortSignature, None]]:
    """Return, for each node that passes on anything, which kinds of inputs its data come to.

    There are few kinds of inputs, so each node is told of something new a few times only.
    """
    passes = {link.target.id for link in links if link.target.signature is not None
              and any(port.type == ANYTHING for port in link.target.signature.outputs)}
    wanted: dict[str, dict[PortSignature, None]] = {node: {} for node in passes}
    fed_by: dict[str, list[str]] = {}
    news: deque[tuple[str, PortSignature]] = deque()
    for link in links:
        signature = link.target.signature
        port = signature.input(link.name) if signature else None
        if link.source.id not in passes or port is None:
            continue
        if port.type != ANYTHING:
            news.append((link.source.id, port))
        elif link.target.id in passes:
            fed_by.setdefault(link.target.id, []).append(link.source.id)
    while news:
        node, port = news.popleft()
        if port not in wanted[node]:
            wanted[node][port] = None
            news.extend((source, port) for source in fed_by.get(node, ()))
    return wanted
