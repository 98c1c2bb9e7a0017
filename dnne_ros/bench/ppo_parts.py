"""Where the time of a fused training goes: ``python -m dnne_ros.bench.ppo_parts WORKFLOW``.

Runs the graph in this process with clocks around its parts, and prints the microseconds of each
for one step of all environments as the last line, a JSON object.  A part has what its functions
do themselves: what a node does beside the simulator and the networks are its own lines.  What no
clock sees is handing over: the event loop, regions, edges, and what nodes do once an update.  The
time of the clocks, measured behind, is left out of all.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from types import ModuleType
from typing import Any

from dnne_ros.hosting.leaving import leave


class Clock:
    """Adds up the time that functions take, without that of others among them that they call."""

    def __init__(self) -> None:
        """Start at zero."""
        self._seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._called: dict[str, int] = {}
        """How many watched calls each part makes; "" makes those that are in none."""
        self._within = 0.0
        self._part = ""

    def watch(self, owner: type | ModuleType, method: str, part: str) -> None:
        """Count the calls of a method or function, and its time to ``part``."""
        original = getattr(owner, method)

        @functools.wraps(original)
        def timed(*args: Any, **kwargs: Any) -> Any:
            return self._time(part, lambda: original(*args, **kwargs))

        setattr(owner, method, timed)

    def watch_generator(self, owner: type, method: str, part: str) -> None:
        """Count the time of a generator between what it is asked and what it yields."""
        original = getattr(owner, method)

        @functools.wraps(original)
        def timed(*args: Any, **kwargs: Any) -> Generator[Any, None, Any]:
            steps = original(*args, **kwargs)
            while True:
                try:
                    item = self._time(part, lambda: next(steps))
                except StopIteration as end:
                    return end.value
                yield item

        setattr(owner, method, timed)

    def _time(self, part: str, call: Callable[[], Any]) -> Any:
        outer, self._within = self._within, 0.0
        caller, self._part = self._part, part
        started = time.perf_counter()
        try:
            return call()
        finally:
            took = time.perf_counter() - started
            self._seconds[part] = self._seconds.get(part, 0.0) + took - self._within
            self.calls[part] = self.calls.get(part, 0) + 1
            self._called[caller] = self._called.get(caller, 0) + 1
            self._within, self._part = outer + took, caller

    def parts(self, total: float) -> dict[str, float]:
        """Return the seconds of each part, and those of the ``total`` that are in none.

        What the clocks take themselves is counted to nobody.
        """
        inside, outside = _cost_of_clocks()
        parts = {part: seconds - inside * self.calls[part] - outside * self._called.get(part, 0)
                 for part, seconds in self._seconds.items()}
        rest = total - sum(self._seconds.values()) - outside * self._called.get("", 0)
        return {**parts, "hand over": rest, "total": sum(parts.values()) + rest}


class _Nothing:
    def nothing(self) -> None:
        """Do nothing."""


def _cost_of_clocks(calls: int = 20_000) -> tuple[float, float]:
    """Return the seconds that a clock adds to its own part for each call, and to its caller's.

    As far as they are the same each time: a busy memory makes clocks slower, and the parts longer.
    """
    bare, watched, clock = _Nothing(), type("_Watched", (_Nothing,), {}), Clock()

    def seconds_of(call: Callable[[], None]) -> float:
        started = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - started) / calls

    seconds_of(bare.nothing)
    alone = seconds_of(bare.nothing)
    clock.watch(watched, "nothing", "nothing")
    whole = seconds_of(watched().nothing)
    recorded = clock._seconds["nothing"] / calls
    return max(0.0, recorded - alone), max(0.0, whole - recorded)


class Stopwatch:
    """Runs from the first call of a method, and interrupts this process ``seconds`` later."""

    def __init__(self, owner: type, method: str, seconds: float):
        """Wait for the first call."""
        self.first = self.last = 0.0
        original = getattr(owner, method)

        @functools.wraps(original)
        def noted(*args: Any, **kwargs: Any) -> Any:
            self.last = time.perf_counter()
            if not self.first:
                self.first = self.last
                threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
            return original(*args, **kwargs)

        setattr(owner, method, noted)


def measure(run: Callable[[], int], seconds: float) -> dict[str, float]:
    """Return microseconds a step, by part, of what ``run`` does until it is interrupted."""
    from dnne_ros.learning import finite
    from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
    from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode
    from dnne_ros.nodes.simulation.cartpole import CartpoleActionNode
    from dnne_ros.nodes.simulation.simulation import SimulatorStepNode
    from dnne_ros.rl.episodes import EpisodeStatistics
    from dnne_ros.rl.policy import ActorCritic
    from dnne_ros.rl.ppo import PPO
    from dnne_ros.rl.rollout import Rollout
    from dnne_ros.sim.mujoco_cartpole import MujocoCartpole

    watched: dict[str, list[tuple[type | ModuleType, str]]] = {
        "simulate": [(MujocoCartpole, "step")], "act": [(ActorCritic, "act")],
        "store": [(Rollout, "add"), (EpisodeStatistics, "add")],
        "look for NaN": [(finite, "check_finite"), (Rollout, "check_finite"), (PPO, "check")],
        "nodes' own lines": [
            (SimulatorStepNode, "_stepped"), (CartpoleActionNode, "compute"),
            (PPOAgentNode, "_look_at"), (PPOAgentNode, "_act"), (PPOTrainerNode, "_collect")]}
    clock = Clock()
    for part, calls in watched.items():
        for owner, method in calls:
            clock.watch(owner, method, part)
    clock.watch_generator(PPO, "update", "learn")
    watch = Stopwatch(MujocoCartpole, "step", seconds)
    if run() != 0:
        sys.exit("the graph has failed")
    steps = clock.calls["simulate"]
    return {part: 1e6 * seconds / steps
            for part, seconds in clock.parts(watch.last - watch.first).items()}


def main() -> None:
    """Run the workflow that the command line names, for a while."""
    from dnne_ros.hosting.host import main as host

    parser = argparse.ArgumentParser()
    parser.add_argument("workflow")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    words = [options.workflow, "--place", "fused"]
    print(json.dumps(measure(lambda: host(words), options.seconds)), flush=True)
    leave(0)


if __name__ == "__main__":
    main()
