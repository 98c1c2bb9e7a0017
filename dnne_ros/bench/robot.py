"""``dnne-ros bench robot``: from a robot's state to its command, beside a node written by hand."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from dnne_ros.bench import robot_setting as setting
from dnne_ros.bench.children import CaseFailed, Children, child_environment
from dnne_ros.bench.robot_turns import PATIENCE, ROOM, Commander, one_round
from dnne_ros.bench.rounds import Case, chosen, document, interleave, median_ratio
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError, InputError

BY_HAND = "by hand, events executor"
"""What ratios are to: the quickest that is written by hand, at the same rate."""
SAME_WAY = "by hand, events executor, over UDP"
"""The same on the transport that graphs use, UDP on the loopback interface, where it has shared
memory of Fast DDS: what is left then is the graph's."""
_CALLBACKS = "by hand"
_FUSED, _SPLIT = "OnnxPolicy without torch, fused", "OnnxPolicy without torch, split"
_BUNDLE, _OLDER = "OnnxPolicy", "JointObservations"
_TORCH, _CPU = "PPOAgent, torch", "PPOAgent, onnxruntime"
_SESSIONS = {"ours": "session, ours", "default": "session, onnxruntime's own options"}
_MIB = 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --states, --seconds and --only."""
    parser.add_argument("--states", type=int, default=600, metavar="N",
                        help="joint states whose commands are timed at 60 Hz; at others those of "
                             "the same time, as a p99 needs thousands (default 600)")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="T",
                        help="how long a session acts at 100 Hz (default 5)")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only the cases with this in their names, like 'OnnxPolicy'; "
                             "several separated by semicolons")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Train a policy, then let every case have its turns, round after round."""
    if options.states < 1 or options.seconds <= 0:
        raise InputError("bench robot", ["--states, --seconds: expected numbers above 0"])
    with tempfile.TemporaryDirectory(prefix="robot_") as name:
        folder = Path(name)
        commanders = _commanders(folder)
        sessions: dict[str, Case] = {name: partial(_session, kind, options.seconds)
                    for kind, name in _SESSIONS.items()}
        cases: dict[str, Any] = {name: one for some in commanders.values()
                                 for name, one in some.items()} | sessions
        wanted = chosen("bench robot", cases, options.only, ";")
        say("training a policy")
        _make_policy(folder)
        found: dict[str, dict[str, list[float]]] = {}
        for number, rate in product(range(options.rounds), commanders):
            there = {name: one for name, one in commanders[rate].items() if name in wanted}
            measured = one_round(there, _model(folder), rate,
                                 round(options.states * rate / setting.RATE_HZ),
                                 partial(_say, say, f"round {number + 1} of {options.rounds}"))
            for case, figures in measured.items():
                for figure, values in figures.items():
                    found.setdefault(case, {}).setdefault(figure, []).extend(values)
        found |= interleave({name: one for name, one in sessions.items() if name in wanted},
                            options.rounds, say)
    result = document("robot", found, options.rounds, states=options.states,
                      seconds=options.seconds)
    result["ratios"] = {case: _ratios(case, found) for case in found if "ready_s" in found[case]}
    return result


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the table of ways to a command, of starts, and of sessions."""
    medians, ratios = document["medians"], document["ratios"]
    ways = Table(
        "From a joint state to the next command, through ROS topics; beside: the same by hand "
        "with the events executor, which has Fast DDS' shared memory, or UDP as graphs have "
        "(wanted: p50 ≤ 2 ms; fused ≤ 1.2 times and ≥ 97 % answered, "
        "split ≤ 2 times and ≥ 95 %; age ≤ 1.2 times p50)", (
            "", "p50", "beside", "over UDP", "p99", "beside", "over UDP", "answered",
            "age of the state, p50", "by p50", "CPU", "beside"))
    starts = Table("From its start to its first command, and its memory (wanted without torch: "
                   "≤ 1.5 s, ≤ 120 MB)", (
                       "", "ready", "beside by hand", "largest process", "all processes"))
    sessions = Table("48-512-256-128-12 at 100 Hz (wanted: ≤ 5 % of a core)", (
        "", "of a core", "an action"))
    for case, figures in medians.items():
        if case not in ratios:
            sessions.rows.append((case, f"{figures['core_share']:.1%}",
                                  f"{figures['p50_us']:.0f} µs"))
            continue
        beside = {name: "–" if value is None else f"{value:.2f}"
                  for name, value in ratios[case].items()}
        ways.rows.append((
            case, f"{figures['p50_us'] / 1e3:.2f} ms", beside["p50_us"], beside["p50_same_way"],
            f"{figures['p99_us'] / 1e3:.2f} ms", beside["p99_us"], beside["p99_same_way"],
            f"{figures['answered']:.1%}",
            f"{figures['age_p50_us'] / 1e3:.2f} ms", beside["age"],
            f"{figures['cpu_us']:.0f} µs", beside["cpu_us"]))
        starts.rows.append((
            case, f"{figures['ready_s']:.2f} s", beside["ready_s"],
            *(f"{figures[name] * _MIB / 1e6:.0f} MB" for name in ("largest_mib", "together_mib"))))
    return [table for table in (ways, starts, sessions) if table.rows]


def _commanders(folder: Path) -> dict[float, dict[str, Commander]]:
    """Return by rate who commands a robot, by the name of the case."""
    saved = ("--inference", "--load-checkpoint-dir", str(folder / setting.CHECKPOINT))
    by_hand = _by_hand(folder, "events")
    found: dict[float, dict[str, Commander]] = {}
    for rate in (setting.RATE_HZ, setting.FAST_HZ):
        graph = setting.write(setting.with_bundle(folder, rate), folder / f"{rate:g}.json")
        commanders = {
            _CALLBACKS: Commander(_by_hand(folder, "callbacks")), BY_HAND: Commander(by_hand),
            SAME_WAY: Commander(by_hand, over_udp=True),
            _FUSED: Commander(_run(graph), without_torch=True),
            _SPLIT: Commander(_run(graph, place="split"), without_torch=True)}
        if rate == setting.RATE_HZ:
            older = setting.write(setting.with_older_nodes(folder), folder / "older.json")
            commanders |= {
                _OLDER: Commander(_run(older, *setting.older_topics()), without_torch=True),
                _BUNDLE: Commander(_run(graph))} | {
                    name: Commander(_run(setting.write(setting.with_checkpoint(runtime),
                                                       folder / f"{runtime}.json"), *saved))
                    for name, runtime in ((_TORCH, "torch"), (_CPU, "cpu"))}
        found[rate] = {_at(rate, name): one for name, one in commanders.items()}
    return found


def _say(say: Callable[[str], None], where: str, text: str) -> None:
    say(f"{where}: {text}")


def _at(rate: float, name: str) -> str:
    return f"{rate:g} Hz: {name}"


def _beside(case: str, by_hand: str = BY_HAND) -> str:
    """Return the case that another is compared with."""
    return f"{case.partition(': ')[0]}: {by_hand}"


def _ratios(case: str, found: Mapping[str, Mapping[str, list[float]]]
            ) -> dict[str, float | None]:
    """Return a case's figures beside those by hand, as medians over turns or rounds."""
    ours, by_hand = found[case], found.get(_beside(case), {})
    same_way = found.get(_beside(case, SAME_WAY), {})
    return {
        **{figure: _beside_in_turn(values, by_hand.get(figure))
           for figure, values in ours.items()},
        **{f"{figure}_same_way": _beside_in_turn(ours[f"{figure}_us"],
                                                 same_way.get(f"{figure}_us"))
           for figure in ("p50", "p99")},
        "age": _beside_in_turn(ours["age_p50_us"], ours["p50_us"])}


def _beside_in_turn(ours: list[float], theirs: list[float] | None) -> float | None:
    return median_ratio(ours, theirs) if theirs and all(theirs) else None


def _by_hand(folder: Path, kind: str) -> list[str]:
    return [sys.executable, "-m", f"{ROOM}.by_hand", str(_model(folder)), kind]


def _model(folder: Path) -> Path:
    return folder / setting.BUNDLES[setting.RATE_HZ] / setting.MODEL


def _run(graph: Path, *words: str, place: str = "fused") -> list[str]:
    return [sys.executable, "-m", "dnne_ros", "run", str(graph), "--quiet", "--place", place,
            "--duration", "600s", *words]


def _session(kind: str, seconds: float, _: int) -> Mapping[str, float]:
    figures: dict[str, float] = json.loads(_printed("a session", [
        f"{ROOM}.at_100_hz", kind, str(seconds)]))
    return figures


def _make_policy(folder: Path) -> None:
    """Leave a checkpoint and its bundle in ``folder``."""
    graph = setting.write(setting.training(), folder / "training.json")
    checkpoint = str(folder / setting.CHECKPOINT)
    bundle, fast = (folder / name for name in setting.BUNDLES.values())
    _printed("training", ["dnne_ros", "run", str(graph), "--quiet", "--max-updates", "2",
                          "--save-checkpoint-dir", checkpoint])
    _printed("policy export", ["dnne_ros", "policy", "export", checkpoint, "-o", str(bundle)])
    interface = json.loads((bundle / "interface.json").read_text(encoding="utf-8"))
    stated = setting.write({**interface, "rate_hz": setting.FAST_HZ}, folder / "interface.json")
    _printed("policy import", ["dnne_ros", "policy", "import", "onnx", str(_model(folder)),
                               "--interface", str(stated), "-o", str(fast)])


def _printed(what: str, words: list[str]) -> str:
    """Run a module of Python to its end and return what it printed."""
    with tempfile.TemporaryDirectory(prefix="robot_") as name, \
            Children(Path(name), child_environment()) as children:
        children.start("command", [sys.executable, "-m", *words])
        _wait(children, "command", what)
        return (Path(name) / "command.log").read_text(encoding="utf-8")


def _wait(children: Children, name: str, what: str) -> None:
    try:
        children.wait(name, PATIENCE)
    except CaseFailed as error:
        raise DnneError(f"bench robot: {what}: {error}") from None
