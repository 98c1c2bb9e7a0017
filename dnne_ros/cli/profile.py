"""``dnne-ros profile``: where the time of a graph's steps goes, and whether to place it anew."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros import strict_json
from dnne_ros.cli.output import say
from dnne_ros.durable_files import Folder, make_folder, write_file
from dnne_ros.errors import DnneError, InputError
from dnne_ros.options.run_arguments import add_run_arguments, run_words
from dnne_ros.options.workflow_arguments import (
    add_workflow_arguments,
    load_graph,
    workflow_words,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dnne_ros.graph.graph import Graph
    from dnne_ros.tracing.placing import Suggestion
    from dnne_ros.tracing.step_shares import StepShares
    from dnne_ros.tracing.trace import Trace

_EXAMPLES = """\
examples:
  dnne-ros profile cartpole.json --set 1.num_envs=64
  dnne-ros profile cartpole.json --duration 20s -o profile   # with a flame graph and a placement
  dnne-ros run cartpole.json --place profile/placement.json

The graph runs several times, each for --duration: recorded; sampled by py-spy, if it is
installed; and, where another placement promises more, in that, to find out.
"""
_SECONDS = 10.0
_WIDE = 120
_FLAMES, _PLACEMENT, _TRACE, _FIGURES = ("flames.svg", "placement.json", "trace.json.gz",
                                         "profile.json")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "profile", help="where the time of a graph's steps goes",
        description="Run a graph for a while and say where the time of a step goes: work of "
        "nodes, handing over, other processes, waiting, Python's lock; and which placement would "
        "bring more.", epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_workflow_arguments(parser)
    add_run_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("-o", "--output", metavar="DIR",
                        help="write the trace, the figures, a flame graph, and the placement that "
                        "is suggested")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the graph, again and again, and say what was found."""
    from dnne_ros.placement.planning import place

    if options.trace:
        raise InputError("profile", ["--trace: expected -o DIR, which has the trace, too"])
    if options.trace_every > 1:
        raise InputError("profile", [
            "--trace-every: expected to record each item, as what sets the pace is said of steps"])
    graph = load_graph(options)
    place(graph, options.place or "")
    if options.duration is None:
        options.duration = _SECONDS
    if options.output:
        _make_folder(options.output)
    with tempfile.TemporaryDirectory(prefix="profile_") as name:
        folder = Path(name)
        found = _profile(options, graph, folder)
        if options.json:
            print(strict_json.dumps(found, indent=1))
        else:
            from rich.console import Console

            console = Console(markup=False, width=None if sys.stdout.isatty() else _WIDE)
            for part in _tables(found):
                console.print(part)
        if options.output:
            _write(options.output, folder, found)
    return 0


@dataclass(frozen=True)
class _Recorded:
    """A run that was recorded."""

    trace: Trace
    shares: StepShares


def _profile(options: argparse.Namespace, graph: Graph, folder: Path) -> dict[str, Any]:
    from dnne_ros.cli.sampling import INSTALL, flame_graph, lock_shares, sampler
    from dnne_ros.placement.placement import bound_groups
    from dnne_ros.tracing.placing import suggest

    say(f"recording for {options.duration:g} s", error=True)
    recorded = _record(options, folder / _TRACE, options.place)
    found: dict[str, Any] = {
        "graph": graph.namespace, "seconds": options.duration, "step": recorded.shares.as_dict(),
        "lock": None, "problems": [], "suggestion": None}
    if sampler():
        say(f"sampling for twice {options.duration:g} s", error=True)
        words = _command(options, options.place)
        found["lock"], problem = lock_shares(words, folder / "lock.txt")
        found["problems"] += filter(None, [problem, flame_graph(words, folder / _FLAMES)])
    else:
        found["problems"].append(f"no flame graph, and nothing about Python's lock: {INSTALL}")
    cores = len(os.sched_getaffinity(0))
    suggestion = suggest(recorded.trace, [
        [graph.nodes[id].ros_name for id in nodes] for nodes, _ in bound_groups(graph)], cores)
    if suggestion is not None:
        found["suggestion"] = _try(options, folder, recorded, suggestion)
    found["cores"] = cores
    return found


def _try(options: argparse.Namespace, folder: Path, recorded: _Recorded, suggestion: Suggestion
         ) -> dict[str, Any]:
    """Run the graph as it is suggested, and return what that has brought."""
    from dnne_ros.tracing.placing import WORTH

    file = folder / _PLACEMENT
    file.write_text(json.dumps({"processes": suggestion.processes}, indent=1) + "\n",
                    encoding="utf-8")
    say(f"trying another placement for {options.duration:g} s", error=True)
    tried = _record(options, folder / "tried.json.gz", str(file)).shares
    gain = tried.steps_per_s / recorded.shares.steps_per_s - 1.0 \
        if recorded.shares.steps_per_s else 0.0
    if gain < WORTH:
        file.unlink()
    return {"processes": suggestion.processes, "apart": suggestion.apart,
            "expected_gain": suggestion.gain, "measured_gain": gain, "taken": gain >= WORTH}


def _record(options: argparse.Namespace, file: Path, place: str | None) -> _Recorded:
    """Run the graph and record it."""
    from dnne_ros.tracing.analysis import analyze
    from dnne_ros.tracing.collecting import open_trace
    from dnne_ros.tracing.step_shares import step_shares

    report = file.with_suffix(".report")
    done = subprocess.run(_command(options, place, "--trace", str(file), "--report", str(report)),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode != 0 or not file.exists():
        raise DnneError(f"the graph did not run for {options.duration:g} s: "
                        + (done.stderr.strip() or f"exit code {done.returncode}"))
    transports = {edge["name"]: edge["transport"]
                  for edge in json.loads(report.read_text(encoding="utf-8"))["edges"]}
    trace = open_trace(str(file))
    return _Recorded(trace, step_shares(analyze(trace), transports))


def _command(options: argparse.Namespace, place: str | None, *more: str) -> list[str]:
    """Return the command that runs the graph."""
    asked = argparse.Namespace(**{**vars(options), "place": place})
    return [sys.executable, "-m", "dnne_ros", "run", *workflow_words(options), *run_words(asked),
            "--quiet", *more, *options.ros_args]


def _tables(found: dict[str, Any]) -> list[RenderableType]:
    from rich.table import Table

    step = found["step"]
    # A title of the table would be broken where the table ends.
    heading = (f"{found['graph']}: {step['steps_per_s']:,.1f} steps a second; where the "
               f"{step['ms']:.3f} ms of one go")
    where, lock = Table(), Table(title="who held Python's lock, of the time that anybody did",
                                 title_justify="left")
    for table, first in ((where, "what"), (lock, "who")):
        table.add_column(first, overflow="fold")
        table.add_column("share", justify="right")
    where.add_column("ms", justify="right")
    for part in step["parts"]:
        where.add_row(part["what"], f"{part['share']:.1%}", f"{part['ms']:.3f}")
    if found["lock"]:
        lock.add_row("the event loops, with the nodes", f"{found['lock']['loop']:.1%}")
        for name, share in found["lock"]["others"].items():
            lock.add_row(f"thread {name}", f"{share:.1%}")
        for name, share in found["lock"]["functions"].items():
            lock.add_row(f"in {name}", f"{share:.1%}")
    return [heading, where, *([lock] if found["lock"] else []), *_advice(found)]


def _advice(found: dict[str, Any]) -> list[str]:
    """Return what to do about it, in lines."""
    lines = [f"note: {problem}" for problem in found["problems"]]
    suggestion = found["suggestion"]
    if suggestion is None:
        cores = "1 core" if found["cores"] == 1 else f"{found['cores']} cores"
        return [*lines, f"placement: on {cores}, no other one promises more"]
    apart = "; ".join(", ".join(nodes) for nodes in suggestion["apart"]) or "nothing"
    advice = f"take it: --place {_PLACEMENT}, which -o DIR writes" \
        if suggestion["taken"] else "stay as you are"
    return [*lines, f"placement: with {apart} apart from the rest, which would work at the same "
            f"time, {suggestion['expected_gain']:+.0%} steps a second were expected, and "
            f"{suggestion['measured_gain']:+.0%} measured: {advice}"]


def _make_folder(output: str) -> None:
    """Find out now, not after some runs, that nothing can be written."""
    try:
        make_folder(Path(output))
        with Folder(Path(output)) as folder:
            folder.probe()
    except OSError as error:
        raise _cannot_write(output, error) from None


def _write(output: str, folder: Path, found: dict[str, Any]) -> None:
    """Write what is to be kept."""
    target = Path(output)
    try:
        for name in (_TRACE, _FLAMES, _PLACEMENT):
            if (folder / name).exists():
                write_file(target / name, (folder / name).read_bytes())
        write_file(target / _FIGURES, (strict_json.dumps(found, indent=1) + "\n").encode())
    except OSError as error:
        raise _cannot_write(output, error) from None
    say(f"wrote {target}", error=True)


def _cannot_write(output: str, error: OSError) -> InputError:
    return InputError(output, [f"cannot write: {error.strerror}"])
