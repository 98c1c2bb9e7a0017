"""EnvPool's tasks behind the step node beside EnvPool alone; training beside Stable-Baselines3.

Each case is a process of its own.  The graph and EnvPool alone take turns with random actions,
which are the same, on the same pool: `task_nodes`, `task_alone`.  Steps are counted that an action
makes: EnvPool alone loses some to its resets.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib import util
from pathlib import Path
from typing import Any

from dnne_ros.bench import curves_setting as setting
from dnne_ros.bench.children import child_environment
from dnne_ros.bench.ppo_setting import node
from dnne_ros.bench.rounds import Case, document, interleave, ratio
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError, InputError

_GRAPH, _ALONE = "graph", "EnvPool alone"
_SB3 = "Stable-Baselines3"
_OURS, _THEIRS_OWN, _THEIRS = "graph, EnvPool", f"{_SB3}, its own", f"{_SB3}, EnvPool"
_TARGETS = {_GRAPH: 0.95, _THEIRS_OWN: 1.3, _THEIRS: 1.0}
_TRAINED = "HalfCheetah-v5"
_FIGURE = "env_steps_per_s"
_PATIENCE = 900.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --tasks, --envs, --seconds and --updates."""
    parser.add_argument("--tasks", default="Ant-v5,HalfCheetah-v5,Go1JoystickFlatTerrain-v1",
                        metavar="TASK,…", help="EnvPool's tasks that are stepped; '' for none "
                                               "(default %(default)s)")
    parser.add_argument("--envs", default="64,256", metavar="N,…",
                        help="environments side by side; 256 of Go1 take 13 GB "
                             "(default 64,256)")
    parser.add_argument("--seconds", type=float, default=4.0, metavar="T",
                        help="how long steps of each are counted, in turns of half a second "
                             "(default 4)")
    parser.add_argument("--updates", type=int, default=30, metavar="N",
                        help=f"updates of {setting.UPDATE} steps that {_TRAINED} is trained for; "
                             "0: it is not (default 30)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every case in turn, round after round."""
    tasks, sizes = _read(options)
    cases: dict[str, Case] = {}
    for task in tasks:
        for envs in sizes:
            cases[f"{task}, {envs}"] = partial(_step, task, envs, options.seconds)
    if options.updates:
        cases[_OURS] = partial(_train, options.updates)
        cases[_THEIRS_OWN] = partial(_peer, "", options.updates)
        cases[_THEIRS] = partial(_peer, "envpool", options.updates)
    return document("tasks", interleave(cases, options.rounds, say), options.rounds,
                    tasks=tasks, sizes=sizes, updates=options.updates,
                    setting=setting.described())


def tables(document: Mapping[str, Any]) -> list[Table]:
    """Return the tables of stepping and of training."""
    medians = document["medians"]
    stepped = Table("Random actions: environment steps/s, medians; ratios of rounds",
                    ("task", "environments", _GRAPH, _ALONE, "its lost actions", "ratio",
                     "target"))
    for task in document["tasks"]:
        for envs in document["sizes"]:
            found = medians[f"{task}, {envs}"]
            stepped.rows.append((task, str(envs), f"{found[_GRAPH]:,.0f}", f"{found[_ALONE]:,.0f}",
                                 f"{found['lost']:.1%}", f"{found['ratio']:.3f}",
                                 f"≥ {_TARGETS[_GRAPH]}"))
    trained = Table(f"Training {_TRAINED}, {setting.ENVIRONMENTS} environments: environment "
                    "steps/s, medians", ("", "steps/s", "the graph's beside it", "target"))
    for case in (_OURS, _THEIRS_OWN, _THEIRS) if document["updates"] else ():
        mine, its = (medians[each][_FIGURE] for each in (_OURS, case))
        trained.rows.append((
            case, f"{its:,.0f}", f"{ratio(mine, its):.2f}",
            f"≥ {_TARGETS[case]}" if case in _TARGETS else ""))
    return [table for table in (stepped, trained) if table.rows]


def _read(options: argparse.Namespace) -> tuple[list[str], list[int]]:
    """Return tasks and sizes; `InputError` for what cannot be measured."""
    problems = []
    sizes = [int(word) if word.strip().isdecimal() else 0 for word in options.envs.split(",")]
    if min(sizes) < 1:
        problems.append(f"--envs: expected numbers from 1, found {options.envs!r}")
    if options.seconds <= 0 or options.updates < 0:
        problems.append("--seconds, --updates: expected a number above 0, and one from 0")
    needed = {"envpool": "'dnne_ros[envpool]'"} | (
        {"stable_baselines3": "'dnne_ros[bench]'"} if options.updates else {})
    problems += [f"{module} is not installed: pip install {extra}"
                 for module, extra in needed.items() if util.find_spec(module) is None]
    tasks = [task for task in options.tasks.split(",") if task]
    if not problems and tasks:
        from dnne_ros.sim.envpool_tasks import find_task

        for task in tasks:
            find_task(task)
    if problems:
        raise InputError("bench tasks", problems)
    return tasks, sizes


def _step(task: str, envs: int, seconds: float, _: int) -> dict[str, float]:
    """Return what the step node does, in a graph with as little else as there can be."""
    from dnne_ros.bench.task_nodes import TURN_SECONDS
    from dnne_ros.sim.envpool_tasks import find_task

    size = find_task(task).action.shape[0]
    found: dict[str, float] = _run({
        "1": node("SimulatorEnvNode", env_name=task, backend="envpool", num_envs=envs,
                  device="cpu"),
        "2": node("ORNode", input_a=["1", 1], input_b=["4", 0]),
        "3": node("RandomActions", observations=["2", 0], size=size),
        "4": node("SimulatorStepNode", sim_handle=["1", 0], actions=["3", 0]),
        "5": node("StepClock", rewards=["4", 1], size=size,
                  turns=math.ceil(seconds / TURN_SECONDS)),
        "6": node("ShownSimulator", sim_handle=["1", 0])},
        "--nodes", Path(__file__).with_name("task_nodes.py"))["metrics"]
    return {figure: found[figure] for figure in (_GRAPH, _ALONE, "lost", "ratio")}


def _train(updates: int, number: int) -> dict[str, float]:
    from dnne_ros.sim.envpool_tasks import find_task

    found = _run(setting.workflow("envpool", _TRAINED, find_task(_TRAINED).action.shape[0],
                                  updates), "--seed", number)
    return {_FIGURE: found["env_steps"] / found["seconds"]}


def _peer(backend: str, updates: int, number: int) -> dict[str, float]:
    found = json.loads(_call(
        "dnne_ros.bench.curves_peer", _TRAINED, "--backend", backend, "--seed", number,
        "--updates", updates).splitlines()[-1])
    return {_FIGURE: updates * setting.UPDATE / found["seconds"]}


def _run(graph: dict[str, Any], *more: object) -> dict[str, Any]:
    """Run a graph in one process, and return its report."""
    with tempfile.TemporaryDirectory(prefix="tasks_") as folder:
        workflow, report = (Path(folder) / name for name in ("tasks.json", "report.json"))
        workflow.write_text(json.dumps(graph), encoding="utf-8")
        _call("dnne_ros", "run", workflow, "--quiet", "--place", "fused", "--report", report,
              *more)
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def _call(module: str, *words: object) -> str:
    """Run a module in a process of its own and return what it printed."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, words)], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=_PATIENCE,
            env={**child_environment(), "OMP_NUM_THREADS": str(setting.TORCH_THREADS)})
    except subprocess.TimeoutExpired:
        raise DnneError(f"bench tasks: {module} has not ended in time") from None
    if done.returncode:
        raise DnneError(f"bench tasks: {module} {words[0]} failed: "
                        f"{(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout
