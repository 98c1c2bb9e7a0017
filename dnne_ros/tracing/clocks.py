"""Puts traces of several hosts, whose clocks differ, on one time line.

Where items go both ways between two hosts, half the difference of the fastest each way is that of
the clocks, as in NTP (RFC 5905, section 8), and at most half of their sum wrong.  Elsewhere the
hosts' times of day are believed, unless an item would then be taken before it was sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dnne_ros.errors import InputError
from dnne_ros.tracing.matching import Matches
from dnne_ros.tracing.trace import Trace


@dataclass(frozen=True)
class Offset:
    """What to add to a host's times, in ns, and in words how it was found."""

    ns: int
    found: str


def join(traces: Sequence[Trace]) -> Trace:
    """Return one trace of those of a graph's hosts, on the clock of the first host.

    `InputError` if they are of different graphs, or two of one host.
    """
    _check(traces)
    if len(traces) == 1:
        return traces[0]
    joined = Trace(traces[0].graph, max(trace.every for trace in traces))
    for trace in traces:
        joined.types.update(trace.types)
        joined.outside |= trace.outside
        joined.edges.update(trace.edges)
        joined.notes += trace.notes
        for process in trace.processes:
            joined.add(process, {node: trace.acts[node] for node, where in trace.nodes.items()
                                 if where == process})
        joined.counts.update(trace.counts)
        joined.gaps.update(trace.gaps)
        joined.events += trace.events
        joined.flight = joined.flight or trace.flight
    fastest = _fastest(joined)
    offsets = {_host(traces[0]): Offset(0, "")}
    for trace in traces[1:]:
        host = _host(trace)
        offset = offsets[host] = _offset(traces[0], trace, fastest)
        joined.notes.append(f"clock of host {host}: {offset.found}")
    _shift(joined, {host: offset.ns for host, offset in offsets.items()})
    return joined


def _shift(trace: Trace, of_hosts: Mapping[str, int]) -> None:
    """Add to the times of each host."""
    shifts = {node: of_hosts[process.host] for node, process in trace.nodes.items()}
    for node, acts in trace.acts.items():
        shift = shifts[node]
        trace.acts[node] = [replace(act, since=act.since + shift, began=act.began + shift,
                                    ended=act.ended + shift) for act in acts]
    trace.counts = {port: [replace(each, time=each.time + shifts.get(port[0], 0))
                           for each in counts] for port, counts in trace.counts.items()}
    trace.gaps = {process: [(since + of_hosts[process.host], until + of_hosts[process.host])
                            for since, until in gaps] for process, gaps in trace.gaps.items()}
    trace.events = sorted((replace(event, time=event.time + shifts.get(event.node, 0))
                           for event in trace.events), key=lambda event: event.time)


def _check(traces: Sequence[Trace]) -> None:
    graphs = {trace.graph for trace in traces}
    if len(graphs) > 1:
        raise InputError("trace", [
            f"expected traces of one graph, found {', '.join(sorted(graphs))}"])
    hosts = [host for trace in traces for host in {each.host for each in trace.processes}]
    if len(traces) > 1 and len(set(hosts)) < len(hosts):
        raise InputError("trace", [
            "expected one trace of each host, found hosts "
            + ", ".join(repr(host) for host in hosts)])


def _host(trace: Trace) -> str:
    return trace.processes[0].host


def _fastest(trace: Trace) -> dict[tuple[str, str], int]:
    """Return by (from, to) the least time of an item between two hosts, each by its own clock."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    matches = Matches(trace)
    for edge in trace.edges.values():
        source, target = (trace.nodes.get(end[0]) for end in (edge.source, edge.target))
        if source is None or target is None or source.host == target.host:
            continue
        found[source.host, target.host] += [taken.ended - sent.began - sent.blocked
                                            for sent, taken in matches.pairs(edge)]
    return {hosts: min(times) for hosts, times in found.items() if times}


def _offset(reference: Trace, trace: Trace, fastest: dict[tuple[str, str], int]) -> Offset:
    """Return what to add to the times of ``trace`` for them to be those of ``reference``."""
    here, there = _host(reference), _host(trace)
    out, back = fastest.get((here, there)), fastest.get((there, here))
    if out is not None and back is not None:
        return Offset((back - out) // 2, f"aligned with that of {here} by items both ways, "
                      f"to within {abs(out + back) / 2e6:.3f} ms")
    ns = trace.processes[0].epoch_ns - reference.processes[0].epoch_ns
    if out is not None and out + ns < 0:
        ns = -out
    elif back is not None and back - ns < 0:
        ns = back
    else:
        return Offset(ns, f"taken for what its time of day says, next to that of {here}: no items "
                      "go both ways between the two")
    return Offset(ns, f"set such that no item comes before it was sent to or from {here}: its "
                  "time of day is off, and no items go both ways between the two")
