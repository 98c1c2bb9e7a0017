"""Repair of API files in which a faulty converter wrote slot 0 into every link.

A file is repaired only when all of its links say slot 0 and at least one of them cannot mean it.
The true slot is in the UI file of the same graph; without that, it follows from types and names.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dnne_ros.errors import Problems
from dnne_ros.workflow.node_head import NodeHead
from dnne_ros.workflow.records import PortRef
from dnne_ros.workflow.shown import listed
from dnne_ros.workflow.signature import PortSignature

LOG = logging.getLogger(__name__)


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


def repair_slots(links: Sequence[SlotLink], true_sources: Mapping[PortRef, PortRef], path: str,
                 problems: Problems) -> list[SlotLink]:
    """Return ``links``, all of slot 0, with true slots if slot 0 cannot be right everywhere.

    ``true_sources`` gives the source of an input as the UI file has it; it may be empty.
    """
    if not any(_is_wrong(link, true_sources) for link in links):
        return list(links)
    LOG.warning("%s: all slots have collapsed to 0; working out the true ones from %s", path,
                "the UI file" if true_sources else "the ports' types and names")
    repaired = []
    for link in links:
        slot = _true_slot(link, true_sources, problems)
        if slot is not None:
            repaired.append(replace(link, slot=slot))
    return repaired


def _is_wrong(link: SlotLink, true_sources: Mapping[PortRef, PortRef]) -> bool:
    """Tell whether slot 0 cannot be what the author of the graph meant."""
    saved = _saved_slot(link, true_sources)
    if saved is not None:
        return saved != 0
    candidates = _candidates(link)
    # With no candidate at all no slot is right: that is a wrong link, not a collapsed one.
    return bool(candidates) and (
        0 not in candidates
        or (_likeness(link, 0) == 0 and any(_likeness(link, slot) for slot in candidates)))


def _true_slot(link: SlotLink, true_sources: Mapping[PortRef, PortRef],
               problems: Problems) -> int | None:
    saved = _saved_slot(link, true_sources)
    if saved is not None:
        return saved
    candidates = _candidates(link)
    best = max(candidates, key=lambda slot: _likeness(link, slot), default=0)
    if _likeness(link, best):
        return best
    if 0 in candidates or not candidates:
        return 0
    if len(candidates) == 1:
        return candidates[0]
    outputs = _outputs(link)
    choices = listed(outputs[slot].name for slot in candidates)
    link.target.report(
        problems, f"its link says slot 0 of {link.source}, as all links in this file do, and that "
                  f"cannot be right; it may be: {choices}; the UI file of this graph would tell",
        port=link.name)
    return None


def _saved_slot(link: SlotLink, true_sources: Mapping[PortRef, PortRef]) -> int | None:
    source = true_sources.get(link.place)
    if source is None or source.node != link.source.id:
        return None
    names = [port.name for port in _outputs(link)]
    return names.index(source.port) if source.port in names else None


def _candidates(link: SlotLink) -> list[int]:
    """Return the slots of the source whose type the input takes."""
    signature, port = link.source.signature, _input(link)
    if signature is None or port is None:
        return []
    return [slot for slot, output in enumerate(signature.outputs)
            if signature.types_match(output.type, port.type)]


def _likeness(link: SlotLink, slot: int) -> int:
    """Return 2 for an output named as the input is, 1 for its singular or plural, else 0."""
    port, outputs = _input(link), _outputs(link)
    if port is None or slot >= len(outputs):
        return 0
    wanted = {port.name, *port.aliases}
    offered = {outputs[slot].name, *outputs[slot].aliases}
    if wanted & offered:
        return 2
    return int(bool({name + "s" for name in wanted} & offered
                    or {name + "s" for name in offered} & wanted))


def _outputs(link: SlotLink) -> tuple[PortSignature, ...]:
    return link.source.signature.outputs if link.source.signature else ()


def _input(link: SlotLink) -> PortSignature | None:
    return link.target.signature.input(link.name) if link.target.signature else None
