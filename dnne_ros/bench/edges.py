"""``dnne-ros bench edges``: what it costs to move arrays between two nodes."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from dnne_ros.bench.children import CaseFailed
from dnne_ros.bench.edge_copies import COPIES, measure_copies
from dnne_ros.bench.edge_dashboard import DASHBOARDS, dashboard_ratios
from dnne_ros.bench.edge_drawing import DRAWING, drawing_ratios
from dnne_ros.bench.edge_peers.rally import Job
from dnne_ros.bench.edge_peers.running import PEERS, Peer, run_peer
from dnne_ros.bench.edge_tables import payload_name, ratio_rows, tables
from dnne_ros.bench.edge_watching import WATCHING
from dnne_ros.bench.rounds import Case, chosen, document, interleave

__all__ = ["add_arguments", "measure", "tables"]

_UNITS = {"K": 2**10, "M": 2**20}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --payloads, --only and --effort."""
    parser.add_argument("--payloads", default="16,64K,4M,32M", type=payload_list, metavar="BYTES",
                        help="bytes of float32 in an item (default 16,64K,4M,32M)")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only the cases with this in their names, like 'two processes: "
                             "ours'; several separated by commas")
    parser.add_argument("--effort", type=effort_factor, default=1.0, metavar="X",
                        help="how many items, as a factor (default 1)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every case in turn, round after round."""
    problems: dict[str, str] = {}
    cases: dict[str, Case] = {}
    for peer in PEERS:
        jobs = [job_of(payload, peer.copies_of(payload), options.effort)
                for payload in options.payloads]
        cases[peer.case] = partial(_measure_peer, peer, jobs, problems)
    cases[COPIES] = partial(measure_copies, [job_of(payload, 2, options.effort)
                                             for payload in options.payloads])
    for name, watch in {**WATCHING, **DASHBOARDS, **DRAWING}.items():
        cases[name] = partial(_watched, watch, options.effort)
    cases = chosen("bench edges", cases, options.only, ",")
    for peer in PEERS:
        if peer.needs and importlib.util.find_spec(peer.needs) is None \
                and peer.case in cases:
            del cases[peer.case]
            problems[peer.case] = f"{peer.needs} is not installed"
    found = interleave({name: partial(_guarded, name, case, problems, say)
                        for name, case in cases.items()}, options.rounds, say)
    written = document("edges", found, options.rounds, payloads=list(options.payloads),
                       effort=options.effort, problems=problems,
                       copies={peer.case: {
                           payload_name(payload): peer.copies_of(payload)
                           for payload in options.payloads} for peer in PEERS})
    return {**written, "ratios": [
        *ratio_rows(written), *dashboard_ratios(written["all_rounds"]),
        *drawing_ratios(written["all_rounds"])]}


def _measure_peer(peer: Peer, jobs: Sequence[Job], problems: dict[str, str], _: int
                  ) -> Mapping[str, float]:
    figures, problem = run_peer(peer, jobs)
    if problem:
        missing = [payload_name(job.payload) for job in jobs if job.payload not in figures]
        problems[peer.case] = f"{', '.join(missing) or 'at the end'}: {problem}"
    return {f"{payload_name(payload)} {figure}": value for payload, values in figures.items()
            for figure, value in values.items()}


def _watched(watch: Callable[[float], Mapping[str, float]], effort: float, _: int
             ) -> Mapping[str, float]:
    return watch(effort)


def _guarded(name: str, case: Case, problems: dict[str, str], say: Callable[[str], None],
             number: int) -> Mapping[str, float]:
    """Measure a case; what fails is noted and the others go on."""
    before = problems.get(name)
    try:
        figures = case(number)
    except CaseFailed as error:
        problems[name] = str(error)
        figures = {}
    if problems.get(name) != before:
        say(f"{name}: {problems[name]}")
    return figures


def job_of(payload: int, copies: int, effort: float) -> Job:
    """Return how often a payload is moved: about half a second of each kind of work."""
    if not copies:
        counts = (2000, 20000, 20000)
    elif payload <= 2**12:
        counts = (300, 3000, 6000)
    elif payload <= 2**18:
        counts = (200, 2000, 2000)
    elif payload <= 2**23:
        counts = (4, 30, 30)
    else:
        counts = (1, 5, 5)
    return Job(payload, *(max(2, round(count * effort)) for count in counts))


def payload_list(text: str) -> tuple[int, ...]:
    """Return the bytes of each payload of ``16,64K``, for argparse."""
    return tuple(dict.fromkeys(_payload(word.strip()) for word in text.split(",")))


def _payload(word: str) -> int:
    unit = _UNITS.get(word[-1:].upper(), 1)
    number = word if unit == 1 else word[:-1]
    size = int(number) * unit if number.isascii() and number.isdecimal() else 0
    if not 8 <= size <= 2**30 or size % 4:
        raise argparse.ArgumentTypeError(
            f"expected a multiple of 4 bytes from 8 to 1024M, as in 64K; found {word!r:.40}")
    return size


def effort_factor(text: str) -> float:
    """Return a factor of the number of items, for argparse."""
    try:
        effort = float(text)
    except ValueError:
        effort = 0.0
    if not 0.001 <= effort <= 100:
        raise argparse.ArgumentTypeError(
            f"expected a number from 0.001 to 100, found {text!r:.40}")
    return effort
