"""A policy's interface for a person."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from dnne_ros.policies.interface import ActionTerm, Interface, ObservationTerm


def interface_lines(interface: Interface) -> Iterator[str]:
    """Yield what goes in and comes out, a line for each column."""
    decimation = "" if interface.decimation is None else \
        f", every {interface.decimation} steps of the simulation"
    yield f"{interface.task or 'a task without a name'}, at {interface.rate_hz:g} Hz{decimation}"
    yield "observations:"
    number = 0
    for term in interface.observations:
        places = dict(zip(term.spread(term.columns), itertools.count(number)))  # of the newest
        for index, (column, place) in enumerate(places.items()):
            yield f"  {place:3d}  {column:30s} {_words(term, index)}"
        number += len(term.names)
        if term.history > 1:
            yield (f"       the last {term.history} of each, oldest first, "
                   f"{term.history_order}-major")
    yield "actions:"
    for index, column in enumerate(interface.actions.columns):
        yield f"  {index:3d}  {column:30s} {_words(interface.actions, index)}"
    for name, gains in (("kp", interface.actions.kp), ("kd", interface.actions.kd)):
        if gains:
            yield f"  {name}: {', '.join(f'{joint} {gain:g}' for joint, gain in gains.items())}"
    yield f"inside the network: {', '.join(interface.inside) or 'nothing of that'}"
    if interface.states:
        yield f"carried from action to action: {', '.join(interface.states)}"


def _words(term: ObservationTerm | ActionTerm, index: int) -> str:
    """Return what is said of one column."""
    def each(name: str, values: Sequence[float] | None) -> str:
        return "" if values is None else f"{name} {values[index]:g}"

    parts = [term.kind, term.units[index], each("scale", term.scale), each("offset", term.offset)]
    if term.clip is not None:
        parts.append(f"clip {term.clip[0]:g} to {term.clip[1]:g}")
    if isinstance(term, ActionTerm) and term.limits is not None:
        parts.append(f"limits {term.limits[index][0]:g} to {term.limits[index][1]:g}")
    if isinstance(term, ObservationTerm):
        parts += [term.frame, term.quaternion_order]
    return ", ".join(part for part in parts if part)
