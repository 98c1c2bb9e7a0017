"""Runs a graph in one placement after the other, to see which is the quickest."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from dnne_ros.errors import DnneError, InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RUN_OPTIONS
from dnne_ros.options.workflow_arguments import workflow_words
from dnne_ros.placement.placement import Placement, bound_groups
from dnne_ros.placement.planning import place
from dnne_ros.placement.speed import Rates, edge_rates, times_as_fast

KEPT_OPTIONS = ("seed", "inference", "new_episodes", "load_checkpoint_dir", "allow_missing")
"""The options of a run that its trials have, too: others write files, or end it otherwise."""
_ROUNDS = 4
"""All placements run once, the better half again, and so on, at most so often."""
_CLEARLY = 1.25
"""Of two that ran more than once, one that is so many times as fast needs no further run."""
_AS_FAST = 0.98
"""Who is so fast beside the quickest, in as many runs, is chosen for fewer processes."""
_MOST_PROCESSES_A_CORE = 4
"""A process takes 100 MB and more; split graphs of hundreds of nodes are not tried."""

Say = Callable[[str], None]


@dataclass
class Trial:
    """A placement that is tried: ``how`` is what --place takes.

    ``rates``: those of each run.
    """

    name: str
    how: str
    placement: Placement
    rates: list[Rates] = field(default_factory=list)

    def speed(self, reference: Rates) -> float:
        """Return how much faster than ``reference`` it was, in the mean of its runs."""
        return fmean(times_as_fast(rates, reference) for rates in self.rates)


class PlacementTrials:
    """Finds the quickest placement of a graph."""

    def __init__(self, options: argparse.Namespace, graph: Graph, folder: Path, seconds: float,
                 say: Say):
        """Try placements for ``seconds`` each; files go to ``folder``."""
        if graph.edges == ():
            raise InputError(graph.path, ["no link, so there is nothing to be quicker by"])
        self._options = options
        self._graph = graph
        self._folder = folder
        self._seconds = seconds
        self._say = say
        self._cores = len(os.sched_getaffinity(0))
        self._trials: list[Trial] = []

    def choose(self, more: Sequence[str] = ()) -> list[Trial]:
        """Return what was tried, the quickest first; ``more``: placements of one's own.

        Of those that are as quick as each other, the one with the fewest processes is first.
        """
        self._add("fused", "fused")
        for how in more:
            self._add(how, how)
        self._add("as the workflow says", "")
        groups = bound_groups(self._graph)
        if len(groups) <= _MOST_PROCESSES_A_CORE * self._cores:
            self._add("split", "split")
        self._suggest([[self._graph.nodes[id].ros_name for id in nodes] for nodes, _ in groups])
        left = list(self._trials)
        while True:
            for trial in left if len(self._trials[0].rates) % 2 == 0 else reversed(left):
                self._run(trial)
            left = [trial for trial in left if trial.rates]
            if not left:
                raise DnneError("the graph ran in no placement")
            left.sort(key=self._speed, reverse=True)
            if len(left) == 1 or len(left[0].rates) == _ROUNDS or (
                    len(left[0].rates) > 1
                    and self._speed(left[0]) > _CLEARLY * self._speed(left[1])):
                break
            left = left[:max(2, (len(left) + 1) // 2)]
        ran = [trial for trial in self._trials if trial.rates]
        # Who came farther has more rounds, and the better mean of those of its last field.
        ran.sort(key=lambda trial: (len(trial.rates), self._speed(trial)), reverse=True)
        as_fast = [trial for trial in ran if len(trial.rates) == len(ran[0].rates)
                   and self._speed(trial) >= _AS_FAST * self._speed(ran[0])]
        first = min(as_fast, key=lambda trial: len(trial.placement.processes))
        return [first, *(trial for trial in ran if trial is not first)]

    def speed(self, trial: Trial) -> float:
        """Return how much faster a trial was than the fused graph."""
        return self._speed(trial)

    def _speed(self, trial: Trial) -> float:
        reference = next(each for each in self._trials if each.rates)
        mean = {edge: fmean(rates.get(edge, 0.0) for rates in reference.rates)
                for edge in reference.rates[0]}
        return trial.speed(mean)

    def _add(self, name: str, how: str) -> None:
        placement = place(self._graph, how)
        if placement.hosts:
            raise InputError(name, ["it has hosts; placements of one machine are tried"])
        if all(_parts(placement) != _parts(trial.placement) for trial in self._trials):
            self._trials.append(Trial(name, how, placement))

    def _suggest(self, bound: list[list[str]]) -> None:
        """Record the graph, and add what its steps suggest."""
        from dnne_ros.tracing.collecting import open_trace
        from dnne_ros.tracing.placing import candidates

        file = self._folder / "steps.json.gz"
        self._say(f"recording for {self._seconds:g} s")
        self._start(self._trials[0], "--trace", str(file))
        for number, processes in enumerate(candidates(open_trace(str(file)), bound, self._cores)):
            path = self._folder / f"candidate_{number}.json"
            path.write_text(json.dumps({"processes": processes}), encoding="utf-8")
            alone = [", ".join(nodes) for name, nodes in processes.items() if name != "main"]
            self._add(f"apart: {'; '.join(alone)}", str(path))

    def _run(self, trial: Trial) -> None:
        """Run a placement once more; one that fails is told, and left out from now on."""
        self._say(f"trying {trial.name}, for {self._seconds:g} s")
        try:
            trial.rates.append(self._start(trial))
        except DnneError as error:
            self._say(f"{trial.name}: {error}")
            trial.rates.clear()

    def _start(self, trial: Trial, *more: str) -> Rates:
        """Return the items a second of each edge."""
        report = self._folder / "report.json"
        report.unlink(missing_ok=True)
        kept = [word for option in RUN_OPTIONS if option.name in KEPT_OPTIONS
                for word in option.words(getattr(self._options, option.name))]
        words = [sys.executable, "-m", "dnne_ros", "run", *workflow_words(self._options), *kept,
                 *(["--place", trial.how] if trial.how else []), "--quiet", "--no-flight-record",
                 "--duration", f"{self._seconds:g}s", "--report", str(report), *more,
                 *self._options.ros_args]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", check=False)
        if done.returncode != 0 or not report.exists():
            raise DnneError(done.stderr.strip().removeprefix("dnne-ros: ")
                            or f"exit code {done.returncode}")
        return edge_rates(json.loads(report.read_text(encoding="utf-8")))


def _parts(placement: Placement) -> frozenset[tuple[str, ...]]:
    return frozenset(placement.processes.values())
