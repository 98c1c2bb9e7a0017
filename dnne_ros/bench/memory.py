"""What a memory is good for: CartPole-v1 without its velocities, with and without one.

Each case is the same graph (``config/workflows/cartpole_recurrent.json``) with the same settings
but for the agent's memory; each round has a seed of its own.  Nothing here is about speed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench.ppo_setting import node
from dnne_ros.bench.rounds import document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError, InputError

SOLVED = 475.0
"""Mean return of the last 100 episodes, at most 500: what Gymnasium calls solved."""
CASES = {"GRU": "gru", "LSTM": "lstm", "no memory": "none"}
ENVIRONMENTS, HORIZON = 16, 64
_FIRST_SEED = 1
_PATIENCE = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --steps."""
    parser.add_argument("--steps", type=int, default=200_000, metavar="N",
                        help="environment steps after which a run has failed (default 200000)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Return for each case the mean return that it came to, and after how many steps."""
    updates = options.steps // (ENVIRONMENTS * HORIZON)
    if updates < 1:
        raise InputError("bench memory", [
            f"--steps: expected at least {ENVIRONMENTS * HORIZON}, found {options.steps}"])
    with tempfile.TemporaryDirectory() as folder:
        found = interleave({
            case: partial(_train, Path(folder), memory, updates)
            for case, memory in CASES.items()}, options.rounds, say)
    return document("memory", found, options.rounds, solved=SOLVED, steps=options.steps)


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the table of all rounds."""
    rounds = range(document["rounds"])
    return [Table(
        f"CartPole-v1 without velocities: steps to a mean return of {document['solved']:.0f}, or "
        f"the mean return after {document['steps']:,} steps",
        ("", *(f"seed {_FIRST_SEED + number}" for number in rounds)),
        [(case, *(_cell(figures, number) for number in rounds))
         for case, figures in document["all_rounds"].items()])]


def _cell(figures: dict[str, list[float]], number: int) -> str:
    steps, mean_return = figures["env_steps"][number], figures["mean_return"][number]
    return f"{steps:,.0f} steps" if figures["is_solved"][number] else f"{mean_return:.0f}"


def workflow(memory: str, updates: int) -> dict[str, Any]:
    """Return the graph in the API format."""
    return {
        "1": node("SimulatorEnvNode", env_name="CartPole-v1", backend="gymnasium", device="cpu",
                  num_envs=ENVIRONMENTS, actor_group="observations[0, 2]"),
        "2": node("ORNode", input_a=["1", 1], input_b=["4", 0]),
        "3": node("PPOAgentNode", observations=["2", 0], done=["4", 2], action_space="discrete",
                  action_dim=2, hidden_sizes="64", activation="tanh", memory=memory,
                  normalize_observations=True, normalize_values=True),
        "4": node("SimulatorStepNode", sim_handle=["1", 0], actions=["5", 0], trigger=["6", 1]),
        "5": node("ActionNode", network_output=["3", 0], sim_handle=["1", 0]),
        "6": node("PPOTrainerNode", state=["4", 0], policy_output=["3", 0], reward=["4", 1],
                  done=["4", 2], model=["3", 1], horizon_length=HORIZON, num_epochs=10,
                  minibatch_size=512, gamma=0.99, gae_lambda=0.95, entropy_coef=0.0,
                  learning_rate=1e-3, lr_schedule="adaptive", desired_kl=0.02,
                  max_learning_rate=2e-3, max_updates=updates),
    }


def _train(folder: Path, memory: str, updates: int, number: int) -> dict[str, float]:
    graph, report = folder / "memory.json", folder / "report.json"
    graph.write_text(json.dumps(workflow(memory, updates)), encoding="utf-8")
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "dnne_ros", "run", str(graph), "--quiet", "--place", "fused",
         "--seed", str(_FIRST_SEED + number), "--until-return", str(SOLVED), "--report",
         str(report)], text=True, capture_output=True, stdin=subprocess.DEVNULL,
        timeout=_PATIENCE, env=dict(os.environ))
    if not report.is_file():
        raise DnneError(f"bench memory: the run failed: {done.stderr or done.stdout}")
    figures = json.loads(report.read_text(encoding="utf-8"))
    return {"env_steps": figures["env_steps"], "mean_return": figures["mean_return"],
            "episodes": figures["episodes"], "is_solved": float(figures["solved"] is not None)}
