"""``dnne-ros replay``: run nodes of a recording again, and compare what they give."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros import strict_json
from dnne_ros.cli.output import say
from dnne_ros.cli.outputs import check_file
from dnne_ros.cli.report import RunReport
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.options.readings import duration
from dnne_ros.recording.installed import check_recording

if TYPE_CHECKING:
    from dnne_ros.graph.edge_settings import Setting
    from dnne_ros.graph.graph import Graph
    from dnne_ros.recording.recording import Recording
    from dnne_ros.replaying.outcome import Outcome
    from dnne_ros.replaying.plan import Plan
    from dnne_ros.replaying.recorded_loop import RecordedLoop
    from dnne_ros.replaying.replay import Replay

_EXAMPLES = """\
examples:
  dnne-ros run cartpole.json --max-updates 20 --record run.mcap   record a run …
  dnne-ros replay run.mcap --check              … and run its nodes again: do they give the same?
  dnne-ros replay run.mcap --check --nodes ppo_agent_3,or_2
  dnne-ros replay run.mcap --check --tolerance 1e-5   on another machine, say
  dnne-ros replay run.mcap --check --until 12.5 --report losses.json
  dnne-ros replay run.mcap --rate 2             see it again in rviz and Foxglove, twice as fast
  dnne-ros replay bag/ --workflow robot.json    run a graph on a bag of `ros2 bag record`

Each node that runs again is given what was recorded at its inputs, also what others gave that run
again: so a difference is the fault of the node at which it is found.  By default these are the
nodes with inputs; --nodes all adds the sources.  Nothing is said to robots again.

exit codes: 0 no difference, 1 there is one, or a node failed, 2 the input is wrong, 130 ended
by the user
"""
_MOST_SHOWN = 20


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "replay", help="run nodes of a recording again, and compare what they give",
        description="Run nodes again on what was recorded at their inputs, in the recording's "
                    "time, and play what the others gave.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE.mcap",
                        help="what `dnne-ros run --record` wrote; or a bag of rosbag2")
    parser.add_argument("--nodes", default="", metavar="NAMES|all",
                        help="which nodes run again, by ROS name, with commas")
    parser.add_argument("--rate", type=_rate, default=None, metavar="N|max",
                        help="seconds of the recording in a second (default 1; max with --check)")
    parser.add_argument("--until", type=duration, metavar="T",
                        help="end after so much of the recording: 90s, 5m")
    parser.add_argument("--check", action="store_true",
                        help="compare what the nodes give with the recording")
    parser.add_argument("--tolerance", type=_tolerance, default=0.0, metavar="X",
                        help="numbers may differ by X, of 1 or of themselves (default 0: not by "
                             "a bit)")
    parser.add_argument("--workflow", metavar="WORKFLOW",
                        help="another workflow than that in the recording; for a bag, what hears "
                             "it")
    parser.add_argument("--set", action="append", default=[], metavar="NODE.WIDGET=VALUE",
                        help="change a widget")
    parser.add_argument("--node-types", action="append", default=[], metavar="FILE.py",
                        help="a Python file with node types of your own")
    parser.add_argument("--trust", action="append", default=[], metavar="FOLDER",
                        help="a folder of Python files that the graph may run")
    parser.add_argument("--report", metavar="FILE", help="write a JSON report at the end")
    parser.set_defaults(run=_run)


def _rate(text: str) -> float:
    """Return how fast to go; 0: as fast as possible."""
    if text == "max":
        return 0.0
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.001 <= rate <= 1000.0:
        raise argparse.ArgumentTypeError(f"expected max, or a number from 0.001 to 1000, found "
                                         f"{text!r:.40}")
    return rate


def _tolerance(text: str) -> float:
    try:
        tolerance = float(text)
    except ValueError:
        tolerance = -1.0
    if not 0.0 <= tolerance < 1.0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, found {text!r:.40}")
    return tolerance


def _run(options: argparse.Namespace) -> int:
    check_recording("replay")
    if options.report:
        problems = Problems("output")
        check_file("--report", options.report, problems)
        problems.raise_if_any()
    from dnne_ros.recording.recording import Recording, is_recording

    if not is_recording(Path(options.file)):
        return _run_on_bag(options)
    from dnne_ros.replaying.plan import plan

    settings = _settings(options.set)
    with closing(Recording(Path(options.file))) as recording:
        for damage in recording.damage:
            say(f"warning: {damage}", error=True)
        graph = _graph(options, recording, settings)
        chosen = plan(graph, recording, options.nodes, options.file)
        for id, topic in chosen.along.items():
            say(f"{graph.nodes[id].ros_name} runs again, too: no recording holds {topic}")
        outcome = _replay(options, recording, graph, chosen)
        _tell(options, recording, graph, chosen, outcome)
        if options.check and not outcome.interrupted and not outcome.happened:
            raise InputError(options.file, [
                "expected items to run nodes on and to compare, found none in what was read"])
    if options.check and outcome.differences:
        return 1
    return 130 if outcome.interrupted else 0


def _run_on_bag(options: argparse.Namespace) -> int:
    """Run a graph on what another program recorded."""
    from dnne_ros.options.workflow_arguments import load_catalogue
    from dnne_ros.replaying.bag import Bag
    from dnne_ros.replaying.loading import graph_in

    with closing(Bag(Path(options.file))) as bag:
        if options.workflow is None:
            raise InputError(options.file, [
                "expected --workflow WORKFLOW: it is a bag of another program, which has none"])
        given = [f"--{name}" for name in ("check", "nodes", "tolerance") if getattr(options, name)]
        if given:
            raise InputError(", ".join(given), [
                "expected a recording of `dnne-ros run --record`, found a bag: it does not say "
                "what nodes gave"])
        graph = graph_in(options.workflow, load_catalogue(options.node_types, options.trust),
                         _settings(options.set))
        from dnne_ros.replaying.free_run import FreeRun

        reports: list[dict[str, Any]] = []
        with _loop(options.rate if options.rate is not None else 1.0) as loop:
            run = FreeRun(graph, bag, options.file, loop, lambda text: say(text),
                          lambda metrics: reports.append(dict(metrics)), options.until)
            run.run()
            if bag.damage:
                say(f"warning: {bag.damage}", error=True)
    given_to = [f"{count:,} messages of {topic}" for topic, count in sorted(run.taken.items())]
    say(f"given to the graph: {', '.join(given_to) or 'nothing'}")
    if options.report:
        _write_report(options.report, {"taken": run.taken,
                                       "metrics": reports[-1] if reports else {}})
    return 0


def _settings(texts: list[str]) -> list[Setting]:
    from dnne_ros.graph.edge_settings import Setting

    settings = []
    for text in texts:
        try:
            settings.append(Setting.parse(text))
        except ValueError as error:
            raise InputError(f"--set {text}", [str(error)]) from None
    return settings


def _graph(options: argparse.Namespace, recording: Recording, settings: list[Setting]) -> Graph:
    from dnne_ros.options.workflow_arguments import load_catalogue
    from dnne_ros.replaying.loading import graph_of

    return graph_of(recording, options.file, load_catalogue(options.node_types, options.trust),
                    settings, options.workflow)


def _replay(options: argparse.Namespace, recording: Recording, graph: Graph, chosen: Plan
            ) -> Outcome:
    from dnne_ros.replaying.replay import Replay

    rate = options.rate if options.rate is not None else (0.0 if options.check else 1.0)
    with ExitStack() as ending:
        loop = ending.enter_context(_loop(rate))
        replay = Replay(graph, recording, chosen, loop, tolerance=options.tolerance,
                        until=options.until, say=lambda text: say(text, error=True))
        loop.add_signal_handler(signal.SIGINT, replay.interrupt)
        loop.add_signal_handler(signal.SIGTERM, replay.interrupt)
        if not options.check:
            _show(options, recording, replay, rate, ending)
        return replay.run()


def _show(options: argparse.Namespace, recording: Recording, replay: Replay, rate: float,
          ending: ExitStack) -> None:
    """Let others see it, on the topics of the run."""
    try:
        from dnne_ros.replaying.stage import Stage
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or compare only: --check"]) from None
    stage = ending.enter_context(closing(Stage(options.ros_args, recording.begin_ns, rate)))
    for unknown in replay.show_on(stage):
        say(f"warning: {unknown}", error=True)
    stage.wait_for_listeners()


@contextmanager
def _loop(rate: float) -> Iterator[RecordedLoop]:
    """Give an event loop that goes through a recording at this rate; 0: as fast as it can."""
    from dnne_ros.replaying.recorded_loop import RecordedLoop

    loop = RecordedLoop(rate or None)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _tell(options: argparse.Namespace, recording: Recording, graph: Graph, chosen: Plan,
          outcome: Outcome) -> None:
    names = ", ".join(graph.nodes[id].ros_name for id in chosen.nodes)
    say(f"ran again: {names}; they took {outcome.taken:,} items")
    for note in outcome.notes:
        say(note)
    if options.check:
        compared = sum(each.compared for each in outcome.checked)
        different = sum(each.different for each in outcome.checked)
        differences = outcome.differences
        if differences:
            say(f"{different:,} of {compared:,} items differ; the first: {differences[0]}")
            for each in differences[1:_MOST_SHOWN]:
                say(f"  also from {each}")
        else:
            say(f"no difference in {compared:,} items")
    if options.report:
        learned = RunReport([])
        for metrics in outcome.reports:
            learned.note("", {"kind": "progress", "metrics": metrics})
        _write_report(options.report, {
            "recorded_s": (recording.end_ns - recording.begin_ns) * 1e-9,
            "losses": learned.losses, "metrics": learned.metrics, "notes": outcome.notes,
            "outputs": [{"node": each.node, "port": each.port, "compared": each.compared,
                         "different": each.different,
                         "first": None if each.first is None else str(each.first)}
                        for each in outcome.checked]})


def _write_report(file: str, report: dict[str, Any]) -> None:
    try:
        write_file(Path(file), (strict_json.dumps(report, indent=1) + "\n").encode())
    except OSError as error:
        raise InputError(f"--report {file}", [f"cannot write: {error.strerror}"]) from None
