"""``dnne-ros evaluate``: how good a policy is, and whether it is better than another."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros import strict_json
from dnne_ros.cli.output import say
from dnne_ros.cli.outputs import check_file
from dnne_ros.durable_files import write_file
from dnne_ros.errors import DnneError, InputError, Problems
from dnne_ros.options import readings
from dnne_ros.options.first_states import read_first
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.options.workflow_arguments import (
    NODES,
    TRUST,
    add_workflow_arguments,
    load_graph,
)
from dnne_ros.runtime.coordination.parent_death import die_with_parent

if TYPE_CHECKING:
    from dnne_ros.evaluation.outcome import Outcome
    from dnne_ros.graph.graph import Graph

_EXAMPLES = """\
examples:
  dnne-ros evaluate cartpole.json --load-checkpoint-dir checkpoint
  dnne-ros evaluate cartpole.json --load-checkpoint-dir new --against old --plot e.png
  dnne-ros evaluate cartpole.json --load-checkpoint-dir c --randomization mass:0.5..2 \\
    --success-return 475 --json > evaluation.json
"""
_INTERRUPTED = (130, 129, -signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP)
"""How a run ends by a signal: in order, or before it could listen."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WIDE = 160
_SILENT_SECONDS = 60.0
"""How long a seed may take until it is said that it might go on for ever."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate", help="how good a trained policy is, with confidence intervals",
        description="Let a policy act in simulated episodes, and print its returns, their lengths "
                    "and ends. Episodes start as the seeds say: two policies meet the same ones.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_workflow_arguments(parser)
    parser.add_argument("--load-checkpoint-dir", metavar="D", help="the policy's checkpoint")
    parser.add_argument("--against", metavar="D", help="the checkpoint of another policy")
    parser.add_argument("--episodes", type=readings.count, default=100, metavar="N",
                        help="episodes of each seed (default 100)")
    parser.add_argument("--seeds", type=readings.count, default=3, metavar="N",
                        help="seeds of the simulation, from 0 on (default 3)")
    parser.add_argument("--environments", type=readings.count, metavar="N",
                        help="environments that run side by side (default: one an episode, so "
                             "that starts do not depend on the policy in any back end)")
    parser.add_argument("--randomization", metavar="R",
                        help="how environments differ, such as mass:0.8..1.2 (default: as the "
                             "workflow says)")
    parser.add_argument("--success-return", type=float, metavar="R",
                        help="episodes that return as much are a success (default: as the task "
                             "says, if it does)")
    parser.add_argument("--timeout", type=readings.duration, metavar="T",
                        help="give up a seed after this long: 5m (default: never, also where an "
                             "episode never ends)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the returns, too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Evaluate, and print what was found."""
    from dnne_ros.evaluation.evaluated_graph import evaluated, learns
    from dnne_ros.evaluation.outcome import Comparison

    _check_output(options)
    graph = evaluated(load_graph(options), options.episodes, options.environments,
                      options.randomization)
    if not options.load_checkpoint_dir and (options.against or learns(graph)):
        raise InputError("--load-checkpoint-dir", [
            "expected the checkpoint of a policy: one that has learned nothing is none"])
    checkpoints = [options.load_checkpoint_dir, *filter(None, [options.against])]
    for checkpoint in checkpoints:
        read_first(graph, RunSettings(inference=True, load_checkpoint_dir=checkpoint), wanted=())
    with tempfile.TemporaryDirectory(prefix="dnne_ros_evaluate_") as name:
        outcomes = [_evaluate(options, graph, checkpoint, Path(name))
                    for checkpoint in checkpoints]
    comparison = Comparison(*outcomes) if len(outcomes) > 1 else None
    if options.plot:
        from dnne_ros.evaluation.picture import picture

        write_file(Path(options.plot), picture(outcomes, f"{graph.name}: {options.episodes} "
                                               f"episodes of {options.seeds} seeds"))
    if options.json:
        say(strict_json.dumps({
            "workflow": options.workflow, "seeds": options.seeds,
            "success_return": options.success_return,
            "policies": [each.as_dict(options.success_return) for each in outcomes],
            "comparison": None if comparison is None else comparison.as_dict()}, indent=1))
        return 0
    from rich.console import Console

    from dnne_ros.evaluation.tables import show

    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    console.print(show(outcomes, comparison, options.success_return))
    return 0


def _check_output(options: argparse.Namespace) -> None:
    """Find out now, not behind the episodes, that the picture could not be written."""
    problems = Problems("output")
    if options.plot:
        check_file("--plot", options.plot, problems)
    if options.success_return is not None and not math.isfinite(options.success_return):
        problems.add("--success-return: expected a finite number")
    problems.raise_if_any()


def _evaluate(options: argparse.Namespace, graph: Graph, checkpoint: str | None, folder: Path
              ) -> Outcome:
    """Run the episodes of all seeds with one policy."""
    from dnne_ros.evaluation.outcome import read_outcome
    from dnne_ros.exporting.workflow_file import workflow_json

    file = folder / Path(options.workflow).name
    file.write_text(workflow_json(graph, dict.fromkeys(graph.nodes, "main")), encoding="utf-8")
    name = checkpoint or Path(options.workflow).name
    reports = {}
    for seed in range(options.seeds):
        say(f"{name}: seed {seed}, {options.episodes} episodes", error=True, flush=True)
        reports[seed] = _run(options, file, checkpoint, seed, folder / "report.json")
    return read_outcome(name, reports)


def _run(options: argparse.Namespace, file: Path, checkpoint: str | None, seed: int, report: Path
         ) -> dict[str, Any]:
    """Run the episodes of a seed and return the report; `DnneError` if they do not all end."""
    words = [sys.executable, "-m", "dnne_ros", "run", str(file), "--inference", "--new-episodes",
             f"--seed={seed}", f"--report={report}", "--place=fused", *NODES.words(options.nodes),
             *TRUST.words(options.trust)]
    words += [f"--load-checkpoint-dir={checkpoint}"] if checkpoint else []
    words += [f"--duration={options.timeout}"] if options.timeout else []
    # What is shown meanwhile is no result: of that, standard output has nothing else.
    # In a session of its own, a terminal's Ctrl-C comes to it once: from here.  It ends with us.
    process = subprocess.Popen([*words, *options.ros_args], stdout=sys.stderr,
                               start_new_session=True,
                               preexec_fn=partial(die_with_parent, signal.SIGTERM, os.getpid()))
    with _signals_passed_on(process):
        code = _end_of(process, seed, options.timeout)
    if code in _INTERRUPTED:
        raise KeyboardInterrupt
    if code == InputError.exit_code:
        raise InputError(f"seed {seed}", [
            f"its run was refused, see above, where {file} is {options.workflow} with a node that "
            "notes episodes"])
    if code:
        raise DnneError(f"the run with seed {seed} failed, see above")
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    if "evaluation" not in found["metrics"]:
        raise DnneError(f"seed {seed}: {_ended(found)} of {options.episodes} episodes had ended "
                        f"when the run did: {found['exit_reason']}")
    return found


def _end_of(process: subprocess.Popen[bytes], seed: int, timeout: float | None) -> int:
    """Return the exit code; what may go on for ever is said while it does."""
    try:
        return process.wait(None if timeout else _SILENT_SECONDS)
    except subprocess.TimeoutExpired:
        say(f"seed {seed} goes on after {_SILENT_SECONDS:g} s: where the task has no time limit, "
            "an episode may never end (--timeout 5m gives up a seed)", error=True, flush=True)
        return process.wait()


@contextmanager
def _signals_passed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Have the run end in order by whatever would have ended us."""
    before = {number: signal.signal(number, lambda number, _: process.send_signal(number))
              for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(report: dict[str, Any]) -> int:
    return int(report["metrics"].get("evaluated_episodes", 0))
