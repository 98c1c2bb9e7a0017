"""PPO: our graph beside its peers on the same simulator.

Every training runs in a process of its own (ours split: in three), with the same sizes,
hyperparameters and number of torch threads.  Clocks start when everything is made.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import util
from pathlib import Path
from typing import Any

from dnne_ros.bench import ppo_setting as setting
from dnne_ros.bench.rounds import Case, document, interleave, median_ratio
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError, InputError

FUSED, SPLIT = "graph, fused", "graph, 3 processes"
RSL_RL, SB3, CLEANRL = "rsl_rl", "stable_baselines3", "cleanrl"
_INSTALL = {RSL_RL: "rsl-rl-lib", SB3: "stable-baselines3", CLEANRL: ""}
"""What to install for each peer; CleanRL's loop is here, in `dnne_ros.bench.ppo_single_file`."""
_TARGETS = {(FUSED, 512): 1.5, (FUSED, 64): 1.6, (SPLIT, 512): 0.8, (SPLIT, 64): 0.6}
_HAND_OVER = {512: 0.02, 64: 0.05}
"""Which share of a step it may take."""
_FIGURE = "env_steps_per_s"
_SOLVE_ENVS = 512
_GRACE_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --envs, --seeds, --peers, --seconds, --limit, --backend and --device."""
    parser.add_argument("--envs", default="512,64", metavar="N,…",
                        help="environments side by side, for speed (default 512,64)")
    parser.add_argument("--seeds", type=int, default=5, metavar="N",
                        help=f"how many seeds are trained until {setting.SOLVED:g} (default 5)")
    parser.add_argument("--peers", default=",".join(_INSTALL), metavar="NAME,…",
                        help=f"which of {', '.join(_INSTALL)} (default all; '' for none)")
    parser.add_argument("--seconds", type=float, default=6.0, metavar="T",
                        help="length of a run for speed (default 6)")
    parser.add_argument("--limit", type=float, default=120.0, metavar="T",
                        help="a seed that takes longer is not solved (default 120)")
    parser.add_argument("--backend", default="mujoco", choices=("mujoco", "torch", "mujoco_warp"),
                        help="the simulator, for everybody (default mujoco)")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"),
                        help="where tensors live, for everybody (default cpu)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Return environment steps per second, times to solve, and the parts of our own."""
    sizes, peers = _read(options)
    missing = {peer: f"not installed: pip install {_INSTALL[peer]}" for peer in peers
               if _INSTALL[peer] and util.find_spec(peer) is None}
    if CLEANRL in peers and options.device == "cpu" and not compiler():
        missing[CLEANRL] = "not compiled: torch.compile needs a C++ compiler"
    place = setting.Simulated(options.backend, options.device)
    for peer, reason in missing.items():
        say(f"{peer} is {reason}")
    runners = {FUSED: _ours("fused", place)}
    if options.device == "cpu":
        runners[SPLIT] = _ours("three", place)
    runners |= {peer: _theirs(peer, place) for peer in peers if peer not in missing}
    speed = interleave({
        f"{name}, {envs}": _speed(run, envs, options.seconds)
        for envs in sizes for name, run in runners.items()}, options.rounds, say)
    solve = interleave({name: _solve(run, options.limit) for name, run in runners.items()},
                       options.seeds, say) if options.seeds else {}
    # Clocks around calls tell nothing of a device that works behind the caller's back.
    parts, turns = ({str(envs): _of_a_step(module, envs, options.seconds, say) for envs in sizes}
                    if place == setting.Simulated() else {}
                    for module in ("ppo_parts", "ppo_turns"))
    result = document("ppo", speed, options.rounds, sizes=sizes, parts_us=parts, turns_us=turns,
                      missing=missing,
                      backend=options.backend, device=options.device, solve=solve,
                      solved_at=setting.SOLVED, torch_threads=setting.TORCH_THREADS)
    result["ratios"] = {name: _beside(speed, name, RSL_RL) for name in speed}
    return result


def compiler() -> str | None:
    """Return the C++ compiler that torch.compile takes on a CPU, if there is one."""
    return shutil.which(os.environ.get("CXX", "g++"))


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the tables of speed, of times to solve and of our parts."""
    speed = Table("Cartpole, 64-64, horizon 16: environment steps/s, medians; ratios of "
                  "rounds", ("", "environments", "steps/s", "beside rsl_rl", "target"))
    for name, figures in document["medians"].items():
        case, envs = name.rsplit(", ", 1)
        beside = document["ratios"][name]
        target = _TARGETS.get((case, int(envs))) if document["parts_us"] else None
        speed.rows.append((case, envs, f"{figures[_FIGURE]:,.0f}",
                           "–" if beside is None else f"{beside:.2f}",
                           "" if target is None else f"≥ {target:.1f}"))
    solve = Table(f"Until the mean return is {document['solved_at']:g}, {_SOLVE_ENVS} "
                  "environments: medians of the seeds", ("", "solved", "seconds", "env steps"))
    for case, figures in document["solve"].items():
        solved = figures["solved"]
        median = {name: statistics.median(figures[name]) if figures.get(name) else None
                  for name in ("seconds", "env_steps")}
        solve.rows.append((case, f"{sum(solved):.0f} of {len(solved)}",
                           "–" if median["seconds"] is None else f"{median['seconds']:.2f}",
                           "–" if median["env_steps"] is None else f"{median['env_steps']:,.0f}"))
    found = [speed, *([solve] if solve.rows else [])]
    if document["parts_us"]:
        parts = Table("Where our time goes, fused: µs for a step of all environments",
                      ("environments", *next(iter(document["parts_us"].values()))))
        for envs, figures in document["parts_us"].items():
            parts.rows.append((envs, *(f"{value:,.0f}" for value in figures.values())))
        found.append(parts)
    if document.get("turns_us"):  # figures of earlier versions have none
        found.append(_handing_over(document["turns_us"]))
    return found


def _handing_over(turns_us: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table("What the graph adds to its nodes' work, which a plain loop does in turn with "
                  "it: µs for a step of all environments",
                  ("environments", "loop", "graph", "hand over", "share", "target",
                   "processor: loop", "graph", "hand over", "share"))
    for envs, figures in turns_us.items():
        row = [envs]
        for of in ("", " cpu"):
            graph, added = figures[f"graph{of}"], figures[f"hand over{of}"]
            row += [f"{figures[f'loop{of}']:,.0f}", f"{graph:,.0f}", f"{added:,.1f}",
                    f"{added / graph:.1%}"]
            if not of:
                target = _HAND_OVER.get(int(envs))
                row.append("" if target is None else f"≤ {target:.0%}")
        table.rows.append(tuple(row))
    return table


def _read(options: argparse.Namespace) -> tuple[list[int], list[str]]:
    """Return sizes and peers; `InputError` for what cannot be measured."""
    problems = []
    sizes = [int(word) if word.strip().isdecimal() else 0 for word in options.envs.split(",")]
    if min(sizes) < 1:
        problems.append(f"--envs: expected numbers from 1, found {options.envs!r}")
    peers = [name for name in options.peers.split(",") if name]
    unknown = [name for name in peers if name not in _INSTALL]
    if unknown:
        problems.append(f"--peers: expected {' or '.join(_INSTALL)}, found {', '.join(unknown)}")
    if options.seeds < 0 or options.seconds <= 0 or options.limit <= 0:
        problems.append("--seeds, --seconds, --limit: expected numbers above 0")
    if problems:
        raise InputError("bench ppo", problems)
    return sizes, peers


Run = Callable[[int, int, float, float], dict[str, Any]]
"""(environments, seed, seconds, mean return to stop at) → seconds, env_steps and solved."""


def _ours(how: str, place: setting.Simulated) -> Run:
    def run(envs: int, seed: int, seconds: float, until: float) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            workflow, report = _write(folder, envs, place), Path(folder) / "report.json"
            placement = Path(folder) / "three.json"
            placement.write_text(json.dumps(setting.THREE_PROCESSES), encoding="utf-8")
            words = ["dnne_ros", "run", str(workflow), "--quiet", "--seed", str(seed),
                     "--duration", f"{seconds}s", "--report", str(report),
                     "--place", "fused" if how == "fused" else str(placement)]
            if until < float("inf"):
                words += ["--until-return", str(until)]
            _call(words, seconds, accepted=(0, 1))
            found = json.loads(report.read_text(encoding="utf-8"))
        return {"seconds": found["seconds"], "env_steps": found["env_steps"],
                "solved": found["solved"] is not None}

    return run


def _theirs(peer: str, place: setting.Simulated) -> Run:
    def run(envs: int, seed: int, seconds: float, until: float) -> dict[str, Any]:
        words = ["dnne_ros.bench.ppo_peers", peer, "--envs", str(envs), "--seed", str(seed),
                 "--seconds", str(seconds), "--until", str(until),
                 "--backend", place.backend, "--device", place.device]
        figures: dict[str, Any] = json.loads(_call(words, seconds).splitlines()[-1])
        return figures

    return run


def _speed(run: Run, envs: int, seconds: float) -> Case:
    def measured(number: int) -> dict[str, float]:
        found = run(envs, number, seconds, float("inf"))
        return {_FIGURE: found["env_steps"] / found["seconds"]}

    return measured


def _solve(run: Run, limit: float) -> Case:
    def measured(number: int) -> dict[str, float]:
        found = run(_SOLVE_ENVS, setting.FIRST_SEED + number, limit, setting.SOLVED)
        if not found["solved"]:
            return {"solved": 0}
        return {"solved": 1, "seconds": found["seconds"], "env_steps": found["env_steps"]}

    return measured


def _of_a_step(module: str, envs: int, seconds: float, say: Callable[[str], None]
               ) -> dict[str, float]:
    """Return the microseconds of a step by what a module of this room tells apart."""
    say(f"where the time goes, {envs} environments: {module}")
    with tempfile.TemporaryDirectory() as folder:
        words = [f"dnne_ros.bench.{module}", str(_write(folder, envs, setting.Simulated())),
                 "--seconds", str(seconds)]
        figures: dict[str, float] = json.loads(_call(words, seconds).splitlines()[-1])
        return figures


def _write(folder: str, envs: int, place: setting.Simulated) -> Path:
    path = Path(folder) / "ppo.json"
    path.write_text(json.dumps(setting.workflow(envs, place)), encoding="utf-8")
    return path


def _call(words: list[str], seconds: float, accepted: tuple[int, ...] = (0,)) -> str:
    """Run a module in a process of its own and return what it printed."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", *words], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=seconds + _GRACE_SECONDS,
            env={**os.environ, "OMP_NUM_THREADS": str(setting.TORCH_THREADS)})
    except subprocess.TimeoutExpired:
        raise DnneError(f"bench ppo: {words[0]} has not ended in time") from None
    if done.returncode not in accepted:
        raise DnneError(f"bench ppo: {' '.join(words[:2])} failed: "
                        f"{(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def _beside(speed: Mapping[str, Mapping[str, list[float]]], name: str, peer: str) -> float | None:
    """Return the median of the rounds' ratios of a case to a peer with as many environments."""
    its = speed.get(f"{peer}, {name.rsplit(', ', 1)[1]}")
    return None if its is None else median_ratio(speed[name][_FIGURE], its[_FIGURE])
