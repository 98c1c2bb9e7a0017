"""Learning: our graph beside Stable-Baselines3's PPO, task by task and seed by seed.

Each run is a process of its own and leaves a file in ``--folder``.  One that is there already is
not made again: so what was interrupted goes on, and more seeds can be added.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.bench import curves_setting as setting
from dnne_ros.bench.table import Table
from dnne_ros.durable_files import write_file
from dnne_ros.errors import DnneError, InputError

OURS, SB3 = "graph", "Stable-Baselines3"
_FIRST_SEED = 1
_LAST = 10
"""How many of a curve's last points make the mean return that a run came to."""

Points = list[tuple[int, float]]
"""Environment steps and mean return of the last 100 episodes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --tasks, --backend, --steps, --folder and --plot; a round is a seed."""
    parser.set_defaults(rounds=3)
    parser.add_argument("--tasks", default="HalfCheetah-v5,Hopper-v5,Walker2d-v5",
                        metavar="TASK,…", help="which tasks (default %(default)s)")
    parser.add_argument("--backend", default="gymnasium", metavar="B",
                        help="whose simulator, for both (default gymnasium; envpool is quicker)")
    parser.add_argument("--steps", type=int, default=1_000_000, metavar="N",
                        help="environment steps of a run (default 1000000)")
    parser.add_argument("--folder", default="curves", metavar="DIR",
                        help="where finished runs are kept; those that are there are not made "
                             "again (default curves)")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the curves, too")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the curves of all runs, and what they came to."""
    from dnne_ros.bench.machine import describe_machine

    tasks = [task for task in options.tasks.split(",") if task]
    updates = options.steps // setting.UPDATE
    if updates < 1 or not tasks:
        raise InputError("bench curves", [
            f"--steps, --tasks: expected at least {setting.UPDATE} steps and a task, found "
            f"{options.steps} and {options.tasks!r}"])
    if util.find_spec("stable_baselines3") is None:
        raise InputError("bench curves", [
            "Stable-Baselines3 is not installed: pip install 'dnne_ros[bench]'"])
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    curves: dict[str, dict[str, list[Points]]] = {task: {OURS: [], SB3: []} for task in tasks}
    for number in range(options.rounds):
        for task in tasks:
            for case, train in ((OURS, _ours), (SB3, _theirs)):
                asked = {"task": task, "case": case, "seed": _FIRST_SEED + number,
                         "backend": options.backend, "updates": updates,
                         "setting": setting.described()}
                curves[task][case].append(_kept(folder, asked, train, say)["curve"])
    found = {"benchmark": "curves", "rounds": options.rounds, "machine": describe_machine(),
             "backend": options.backend, "steps": updates * setting.UPDATE,
             "setting": setting.described(), "curves": curves,
             "summary": {task: _summary(cases) for task, cases in curves.items()}}
    if options.plot:
        from dnne_ros.bench.curves_picture import picture

        write_file(Path(options.plot), picture(curves))
    return found


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the table of what the runs came to."""
    table = Table(
        f"Mean return after {document['steps']:,} steps, {document['rounds']} seeds: mean ± "
        "standard error", ("", OURS, SB3, "difference", "not below by more than its error"))
    for task, found in document["summary"].items():
        mine, its = (_with_error(found[case]) for case in (OURS, SB3))
        table.rows.append((task, mine, its, _with_error(found["difference"]),
                           "–" if found["holds"] is None else "yes" if found["holds"] else "no"))
    return [table]


def _with_error(found: dict[str, Any]) -> str:
    error = found["error"]
    return f"{found['mean']:,.0f}" + ("" if error is None else f" ± {error:,.0f}")


def _summary(cases: dict[str, list[Points]]) -> dict[str, Any]:
    """Return means over seeds, standard errors, and whether ours is as good within the error."""
    found: dict[str, Any] = {}
    for case, curves in cases.items():
        ends = [statistics.fmean(value for _, value in curve[-_LAST:]) for curve in curves]
        error = statistics.stdev(ends) / math.sqrt(len(ends)) if len(ends) > 1 else None
        found[case] = {"mean": statistics.fmean(ends), "error": error, "seeds": ends}
    mine, its = found[OURS], found[SB3]
    error = None if mine["error"] is None else math.hypot(mine["error"], its["error"])
    difference = mine["mean"] - its["mean"]
    found["difference"] = {"mean": difference, "error": error}
    found["holds"] = None if error is None else difference >= -error
    return found


def _kept(folder: Path, asked: dict[str, Any], train: Callable[[dict[str, Any]], dict[str, Any]],
          say: Callable[[str], None]) -> dict[str, Any]:
    """Return the run that is asked for, from its file or made now."""
    name = f"{asked['task']}-{asked['case']}-{asked['seed']}"
    file = folder / f"{name.replace('/', '_').replace(':', '_')}.json"
    if file.is_file():
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if known["asked"] == asked:
            say(f"{name}: kept in {file}")
            return known
        raise InputError("bench curves", [
            f"{file}: expected a run with these settings, found one with others: give another "
            "--folder"])
    say(f"{name}: {asked['updates']} updates")
    made = {"asked": asked, **train(asked)}
    write_file(file, (strict_json.dumps(made) + "\n").encode())
    return made


def _ours(asked: dict[str, Any]) -> dict[str, Any]:
    from dnne_ros.sim.registry import make_simulator

    simulator = make_simulator(asked["task"], 1, backend=asked["backend"], seed=0)
    graph = setting.workflow(asked["backend"], asked["task"], simulator.spec.action.size,
                             asked["updates"])
    simulator.close()
    with tempfile.TemporaryDirectory() as folder:
        file, report = Path(folder) / "curves.json", Path(folder) / "report.json"
        file.write_text(json.dumps(graph), encoding="utf-8")
        _call(["dnne_ros", "run", str(file), "--quiet", "--place", "fused", "--seed",
               str(asked["seed"]), "--report", str(report)])
        found = json.loads(report.read_text(encoding="utf-8"))
    return {"seconds": found["seconds"], "curve": found["curve"]}


def _theirs(asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_call([
        "dnne_ros.bench.curves_peer", asked["task"], "--backend", asked["backend"], "--seed",
        str(asked["seed"]), "--updates", str(asked["updates"])]).splitlines()[-1])
    return found


def _call(words: list[str]) -> str:
    """Run a module in a process of its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": str(setting.TORCH_THREADS)})
    if done.returncode:
        raise DnneError(f"bench curves: {' '.join(words[:2])} failed: "
                        f"{(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout
