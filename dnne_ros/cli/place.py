"""``dnne-ros place``: try placements of a graph, and write the quickest."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dnne_ros import strict_json
from dnne_ros.cli.output import say
from dnne_ros.cli.outputs import check_file
from dnne_ros.cli.placement_trials import KEPT_OPTIONS, PlacementTrials, Trial
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.options.readings import duration
from dnne_ros.options.run_settings import RUN_OPTIONS
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph

_EXAMPLES = """\
examples:
  dnne-ros place cartpole.json --set 1.num_envs=64 -o placement.json
  dnne-ros place robot.json --duration 10s --try by_hand.yaml   # one of your own, too
  dnne-ros run cartpole.json --place placement.json

The graph runs several times, each for --duration: recorded, fused, split, as the workflow says,
and as the recorded steps suggest; the better half again, until one is the quickest.
"""
AUTO = "auto"
"""What --place of a run takes instead of a file."""
SECONDS = 3.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "place", help="try placements of a graph, and write the quickest",
        description="Run a graph in several placements, for a while each, and write the one in "
        "which most items went through its edges.", epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add_workflow_arguments(parser)
    for option in RUN_OPTIONS:
        if option.name in KEPT_OPTIONS:
            option.add_to(parser)
    parser.add_argument("--duration", type=duration, default=SECONDS, metavar="T",
                        help=f"how long each run takes: 5s, 1m (default {SECONDS:g}s)")
    parser.add_argument("--try", dest="more", action="append", default=[], metavar="FILE",
                        help="a placement file to try as well; may be given again")
    parser.add_argument("-o", "--output", metavar="FILE.json",
                        help="write the quickest placement there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Try, say what came of it, and write the best."""
    graph = load_graph(options)
    if options.output:
        problems = Problems("place")
        check_file("--output", options.output, problems)
        problems.raise_if_any()
    with tempfile.TemporaryDirectory(prefix="place_") as name:
        trials = PlacementTrials(options, graph, Path(name), options.duration,
                                 lambda text: say(text, error=True))
        found = trials.choose(options.more)
    for trial in found:
        say(f"{trials.speed(trial):6.2f} × fused  {trial.name}")
    if options.output:
        _write(options.output, graph, found[0])
    return 0


@contextmanager
def placed(options: argparse.Namespace, graph: Graph) -> Iterator[None]:
    """Find a placement where a run is to have the quickest, and let ``options`` name its file.

    Raises `InputError` for a graph that acts on others, which nobody has asked to run more than
    once.
    """
    if options.place != AUTO:
        yield
        return
    if graph.acting:
        raise InputError("--place auto", [
            f"it runs the graph several times, and {', '.join(graph.acting)} would act on others "
            "each time; where that is safe: dnne-ros place WORKFLOW -o FILE, then --place FILE"])
    with tempfile.TemporaryDirectory(prefix="placed_") as name:
        trials = PlacementTrials(options, graph, Path(name), SECONDS,
                                 lambda text: say(text, error=True))
        best = trials.choose()[0]
        say(f"placement: {best.name}, {trials.speed(best):.2f} times as fast as fused; "
            "dnne-ros place WORKFLOW -o FILE keeps it", error=True)
        options.place = str(Path(name, "placement.json"))
        _write(options.place, graph, best)
        yield


def _write(file: str, graph: Graph, trial: Trial) -> None:
    processes = {name: [graph.nodes[id].ros_name for id in nodes]
                 for name, nodes in trial.placement.processes.items()}
    try:
        write_file(Path(file), (strict_json.dumps({"processes": processes}, indent=1) + "\n"
                                ).encode())
    except OSError as error:
        raise InputError(file, [f"cannot write: {error.strerror}"]) from None
