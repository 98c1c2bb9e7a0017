"""Robots and those who command them, side by side, of whom one at a time has its turn.

A machine may be twice as quick for some seconds as for the next ones, in its clock, its caches
and how deeply its cores sleep.  So all cases of a rate are there at once, and turns are short:
what the machine does, it does to all of them.  Who waits for a turn has a robot that is silent.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.bench.children import CaseFailed, Children, child_environment
from dnne_ros.bench.edge_peers.namespaces import namespace_of
from dnne_ros.bench.robot_setting import SPEAKS, TURN, TURNS
from dnne_ros.errors import DnneError
from dnne_ros.runtime.discovery import choose_reach

TURNS_IN_A_ROUND = 5
ROOM = "dnne_ros.bench.robot_peers"
PATIENCE = 600.0
_NO_TORCH = 'import sys\n\nsys.modules["torch"] = None\n'
_OF_A_TURN = ("answered", "core_share", "cpu_us")
_OF_A_ROUND = ("largest_mib", "together_mib")


@dataclass(frozen=True)
class Commander:
    """Who commands a robot."""

    words: list[str]
    without_torch: bool = False
    over_udp: bool = False
    """By UDP alone, with the profile of Fast DDS that graphs have."""


def one_round(commanders: Mapping[str, Commander], model: Path, rate: float, states: int,
              say: Callable[[str], None]) -> dict[str, dict[str, list[float]]]:
    """Return figures by case: medians of each turn, and what is one figure of the whole round.

    Each of the ``commanders``, by case, answers so many ``states`` in all, in
    `TURNS_IN_A_ROUND` turns; every other turn goes through the cases backwards.
    """
    if not commanders:
        return {}
    with ExitStack() as ending:
        standing = {name: ending.enter_context(_Commanded(commander, model, rate))
                    for name, commander in commanders.items()}
        for commanded in standing.values():
            commanded.wait_for_robot()
        ready, turns = {}, {name: list[dict[str, Any]]() for name in standing}
        for name, commanded in standing.items():
            say(f"start: {name}")
            ready[name] = commanded.begin()
        for number in range(TURNS_IN_A_ROUND):
            say(f"turn {number + 1} of {TURNS_IN_A_ROUND} at {rate:g} Hz")
            for name in list(standing)[::-1 if number % 2 else 1]:
                turns[name].append(standing[name].turn(-(-states // TURNS_IN_A_ROUND)))
    return {name: {"ready_s": [ready[name]], **_figures(turns[name])} for name in standing}


def _figures(turns: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Return medians of each turn; a p99 needs the states of all of them."""
    found: dict[str, list[float]] = {}
    for kind, name in (("ways", ""), ("ages", "age_")):
        found[f"{name}p50_us"] = [float(np.percentile(turn[kind], 50)) * 1e6 for turn in turns]
        together = np.concatenate([turn[kind] for turn in turns])
        found[f"{name}p99_us"] = [float(np.percentile(together, 99)) * 1e6]
    return found | {name: [turn[name] for turn in turns] for name in _OF_A_TURN} | {
        name: [max(turn[name] for turn in turns)] for name in _OF_A_ROUND}


class _Commanded:
    """A robot that is there, and the process that commands it."""

    def __init__(self, commander: Commander, model: Path, rate: float) -> None:
        self._commander = commander
        self._model, self._rate = model, rate
        self._ending = ExitStack()

    def __enter__(self) -> _Commanded:
        with ExitStack() as ending:
            self._folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="robot_")))
            environment = child_environment()
            if self._commander.without_torch:
                (self._folder / "sitecustomize.py").write_text(_NO_TORCH, encoding="utf-8")
                environment["PYTHONPATH"] = f"{self._folder}:{environment['PYTHONPATH']}"
            self._place = ["--ros-args", "-r", f"__ns:={namespace_of(self._folder)}"]
            self._children = ending.enter_context(Children(self._folder, environment))
            self._children.start("robot", [
                sys.executable, "-m", f"{ROOM}.robot", str(self._folder), str(self._model),
                str(self._rate), *self._place])
            self._ending = ending.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def wait_for_robot(self) -> None:
        """Return when the robot is there."""
        self._wait_until(self._folder / SPEAKS)
        self._turns = self._ending.enter_context(
            (self._folder / TURNS).open("w", encoding="utf-8", buffering=1))

    def begin(self) -> float:
        """Start who commands; return the seconds until the first command."""
        if self._commander.over_udp:
            choose_reach(self._children.environment, "LOCALHOST")
        started = time.monotonic()
        process = self._children.start("commander", [*self._commander.words, *self._place])
        (self._folder / "pid").write_text(str(process.pid), encoding="utf-8")
        first: float = self.turn(0)["first_command"]
        return first - started

    def turn(self, states: int) -> dict[str, Any]:
        """Have so many states answered and return the robot's figures of them."""
        file = self._folder / TURN
        self._turns.write(f"{states}\n")
        self._wait_until(file)
        figures: dict[str, Any] = json.loads(file.read_text("utf-8"))
        file.unlink()
        return figures

    def _wait_until(self, file: Path) -> None:
        try:
            self._children.wait_until(file.exists, PATIENCE, "a robot")
        except CaseFailed as error:
            raise DnneError(f"bench robot: a robot: {error}") from None
