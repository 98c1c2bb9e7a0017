"""What a step takes beyond its nodes' work: ``python -m dnne_ros.bench.ppo_turns WORKFLOW``.

The graph takes turns with a plain loop over its own nodes, in the same process: what they do for a
step, called one after the other, and the trainer's update after each rollout.  So both find the
same memory, and there are no clocks within a step.  Prints the microseconds of a step of all
environments as the last line, a JSON object; ``cpu`` is what this thread had of the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from dnne_ros.bench.ppo_setting import HORIZON
from dnne_ros.hosting.leaving import leave

if TYPE_CHECKING:
    from dnne_ros.rl.episodes import EpisodeStatistics
    from dnne_ros.rl.shared_policy import SharedPolicy

_TURN_SECONDS = 0.15
_FIRST_UPDATES = 20
"""They do not count; nor does the first of each turn, which finds the memory of others."""


class Nodes:
    """The nodes of the graph, as it sets them up, and the calls of them in a plain loop."""

    def __init__(self) -> None:
        """Look out for them."""
        from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
        from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode
        from dnne_ros.nodes.simulation.cartpole import CartpoleActionNode
        from dnne_ros.nodes.simulation.simulation import SimulatorStepNode

        self._found: dict[type, Any] = {}
        for node_type in (PPOAgentNode, PPOTrainerNode, CartpoleActionNode):
            _before(node_type, "setup", partial(self._found.__setitem__, node_type))
        self._step: Callable[[Any], dict[str, Any]]
        _before(SimulatorStepNode, "_stepped", self._note_step, once=True)
        self._types = PPOAgentNode, PPOTrainerNode, CartpoleActionNode

    def _note_step(self, node: Any, simulator: Any, topics: Any, *_: Any) -> None:
        self._step = partial(node._stepped, simulator, topics)
        self._observations = simulator.observations()

    def update(self, shared: Any) -> None:
        """Make the steps of a rollout and the update with them."""
        agent, trainer, push = (self._found[node_type] for node_type in self._types)
        for _ in range(HORIZON):
            said = agent._act(agent._look_at(("observations",), (self._observations,)))
            output = said["policy_output"]
            made = self._step(push.compute(network_output=output)["action"])
            self._observations = made["observations"]
            state = trainer._collect(shared, {
                "reward": made["rewards"], "done": made["done"], "info": made["info"],
                "next_observations": made["next_observations"], "policy_output": output,
                "state": self._observations})
        learner, progress = trainer._learner, trainer._progress
        trainer._check_finite(state, "state", trainer._item)
        ppo, rollout = learner.algorithm, learner.rollout
        ppo.config = trainer._config()
        rollout.check_finite(trainer._item)
        update = ppo.update(rollout, state)
        while True:
            try:
                next(update)
            except StopIteration as end:
                stats = end.value
                break
        rollout.clear()
        progress.updates += 1
        ppo.check(stats, f"update {progress.updates}")
        progress.report_update(stats, learner.episodes)
        shared.commit()


class Turns:
    """Lets the loop make updates in the graph's place, turn and turn about, and takes the time."""

    def __init__(self, seconds: float):
        """Interrupt this process after so many."""
        from dnne_ros.nodes.rl.training_progress import TrainingProgress

        self.figures: dict[str, list[tuple[float, float]]] = {"graph": [], "loop": []}
        """Seconds of a step in each turn: of the wall and of the processor."""
        self._nodes = Nodes()
        self._seconds, self._ends = seconds, 0.0
        self._updates = self._made = 0
        self._is_first = True
        original = TrainingProgress.reach_boundary

        async def reach_boundary(progress: TrainingProgress, shared: SharedPolicy, loss: float,
                                 episodes: EpisodeStatistics) -> None:
            await original(progress, shared, loss, episodes)
            self._updated(shared)

        TrainingProgress.reach_boundary = reach_boundary  # type: ignore[assignment,method-assign]

    def _updated(self, shared: Any) -> None:
        """Take note of an update of the graph; at the end of its turn, let the loop have its."""
        now = time.perf_counter()
        self._updates += 1
        if self._updates <= _FIRST_UPDATES:
            self._ends = now + self._seconds
        if self._is_first:
            self._is_first = self._updates < _FIRST_UPDATES
            self._begin()
            return
        self._made += 1
        if now < self._since[0] + _TURN_SECONDS:
            return
        self._note("graph")
        self._nodes.update(shared)
        self._begin()
        while time.perf_counter() < self._since[0] + _TURN_SECONDS:
            self._nodes.update(shared)
            self._made += 1
        self._note("loop")
        self._is_first = True
        if now > self._ends:
            self._ends = float("inf")
            os.kill(os.getpid(), signal.SIGINT)

    def _begin(self) -> None:
        self._made = 0
        self._since = time.perf_counter(), time.thread_time()

    def _note(self, who: str) -> None:
        steps = HORIZON * self._made
        self.figures[who].append(((time.perf_counter() - self._since[0]) / steps,
                                  (time.thread_time() - self._since[1]) / steps))

    def medians(self) -> dict[str, float]:
        """Return the microseconds of a step, and how many of them the graph adds."""
        found = {}
        for which, of in enumerate(("", " cpu")):
            for who, turns in self.figures.items():
                found[who + of] = 1e6 * statistics.median(each[which] for each in turns)
            found["hand over" + of] = found["graph" + of] - found["loop" + of]
        return found


def _before(owner: type, method: str, call: Callable[..., None], once: bool = False) -> None:
    """Let ``call`` have the arguments of a method's calls first; ``once``: of the first."""
    original = getattr(owner, method)

    def called(*args: Any) -> Any:
        call(*args)
        if once:
            setattr(owner, method, original)
        return original(*args)

    setattr(owner, method, called)


def main() -> None:
    """Run the workflow that the command line names, for a while."""
    from dnne_ros.hosting.host import main as host

    parser = argparse.ArgumentParser()
    parser.add_argument("workflow")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    turns = Turns(options.seconds)
    if host([options.workflow, "--place", "fused"]) != 0:
        sys.exit("the graph has failed")
    print(json.dumps(turns.medians()), flush=True)
    leave(0)


if __name__ == "__main__":
    main()
