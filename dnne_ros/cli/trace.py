"""``dnne-ros trace``: make sense of what was recorded, and record graphs that run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros import strict_json
from dnne_ros.cli.output import say
from dnne_ros.durable_files import write_file
from dnne_ros.errors import DnneError, InputError

if TYPE_CHECKING:
    from dnne_ros.top.listener import Listener
    from dnne_ros.top.state import GraphState
    from dnne_ros.tracing.trace import Trace

_EXAMPLES = """\
examples:
  dnne-ros run cartpole.json --trace t.json    record a run from its start
  dnne-ros trace analyze t.json                what sets the pace, as tables
  dnne-ros trace analyze t.json --json --plot t.png
  dnne-ros trace start /cartpole_ppo           record a graph that runs …
  dnne-ros trace stop /cartpole_ppo -o t.json  … until now
  dnne-ros trace join robot.json desk.json -o both.json   traces of several hosts
  dnne-ros trace dump /cartpole_ppo            the last seconds of a graph, running or killed

https://ui.perfetto.dev opens the files: one track a node, arrows along the edges.
"""
_WIDE = 240
_HEARD_SECONDS, _ANSWER_SECONDS = 10.0, 10.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "trace", help="what happened to each item: record it, make sense of it",
        description="Record what nodes do with each item, and find out what sets the pace.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_analyze(actions)
    _add_join(actions)
    _add_switches(actions)
    _add_dump(actions)


def _add_analyze(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    analyze = actions.add_parser(
        "analyze", help="throughput, latency, the critical path",
        description="Print throughput and latency of edges, what the time of nodes goes into, and "
                    "the critical path: what sets the pace, and what a faster one would bring.",
        epilog="example: dnne-ros trace analyze t.json --plot t.png")
    analyze.add_argument("files", nargs="+", metavar="FILE",
                         help="a trace; of several hosts, one of each")
    analyze.add_argument("--json", action="store_true", help="print JSON instead of tables")
    analyze.add_argument("--plot", metavar="FILE.png", help="draw it, too")
    analyze.set_defaults(run=_analyze)


def _add_join(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    join = actions.add_parser(
        "join", help="make one file of the traces of several hosts",
        description="Put the traces of several hosts on one time line; also makes a file of the "
                    "parts of a run that nobody has put together.",
        epilog="example: dnne-ros trace join robot.json desk.json -o both.json")
    join.add_argument("files", nargs="+", metavar="FILE", help="a trace")
    join.add_argument("-o", "--output", required=True, metavar="FILE",
                      help="where to write; compressed if it ends in .gz")
    join.set_defaults(run=_join)


def _add_switches(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    start = actions.add_parser(
        "start", help="begin to record a graph that runs on this machine",
        description="Begin to record a graph that runs on this machine.",
        epilog="example: dnne-ros trace start /cartpole_ppo")
    stop = actions.add_parser(
        "stop", help="end recording, and write the trace",
        description="End what `start` has begun, and write the trace.",
        epilog="example: dnne-ros trace stop /cartpole_ppo -o t.json")
    stop.add_argument("-o", "--output", metavar="FILE",
                      help="where to write; compressed if it ends in .gz")
    for each, on in ((start, True), (stop, False)):
        each.add_argument("namespace", nargs="?", default="", metavar="GRAPH_NAMESPACE",
                          help="the graph (default: the only one that is heard)")
        each.set_defaults(run=_switch, on=on)


def _add_dump(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    dump = actions.add_parser(
        "dump", help="put the last seconds of a graph aside, as a flight record",
        description="Put aside what the processes of a graph on this machine keep of its last "
        "seconds, also while it stands still, and of graphs all of whose processes were killed; "
        "`analyze` opens it.", epilog="example: dnne-ros trace dump /cartpole_ppo -o records")
    dump.add_argument("namespace", nargs="?", default="", metavar="GRAPH_NAMESPACE",
                      help="the graph (default: the only one there is)")
    dump.add_argument("-o", "--output", metavar="DIR",
                      help="below which folder (default: as the run was told)")
    dump.set_defaults(run=_dump)


def _dump(options: argparse.Namespace) -> int:
    from dnne_ros.tracing.flight_record import forget, runs, save

    found = runs()
    name = options.namespace.strip("/")
    meant = [run for run in found if name in ("", run.graph.strip("/"))]
    meant = [run for run in meant if run.alive] or meant
    if len(meant) != 1:
        names = ", ".join(f"/{run.graph.strip('/')}" for run in found) or "none"
        raise InputError("GRAPH_NAMESPACE", [
            f"expected one of the graphs that keep their last seconds on this machine: {names}"
            + (f"; found /{name}" if name else "")])
    run = meant[0]
    try:
        path = save(run.folder, Path(options.output) if options.output else run.records,
                    "somebody has asked for it", run.seconds)
    except OSError as error:
        raise InputError(str(error.filename), [f"cannot write: {error.strerror}"]) from None
    if not run.alive:
        forget(run.folder)
    print(path)
    return 0


def _analyze(options: argparse.Namespace) -> int:
    from dnne_ros.tracing.analysis import analyze

    analysis = analyze(_read(options.files))
    if options.plot:
        from dnne_ros.tracing.picture import picture

        _write(options.plot, picture(analysis))
    if options.json:
        print(strict_json.dumps(analysis.as_dict(), indent=1))
        return 0
    from rich.console import Console

    from dnne_ros.tracing.tables import show

    console = Console(markup=False, width=None if sys.stdout.isatty() else _WIDE)
    console.print(show(analysis))
    return 0


def _join(options: argparse.Namespace) -> int:
    from dnne_ros.tracing.chrome import ZIPPED, encode_trace

    _write(options.output, encode_trace(_read(options.files), options.output.endswith(ZIPPED)))
    return 0


def _read(files: Sequence[str]) -> Trace:
    from dnne_ros.tracing.clocks import join
    from dnne_ros.tracing.collecting import open_trace

    return join([open_trace(file) for file in files])


def _write(file: str, content: bytes) -> None:
    try:
        write_file(Path(file), content)
    except OSError as error:
        raise InputError(file, [f"cannot write: {error.strerror}"]) from None
    say(f"wrote {file}", error=True)


def _switch(options: argparse.Namespace) -> int:
    """Set the parameter of every node, and write what was recorded when it ends."""
    from dnne_ros.parameter_files.ros_arguments import check_ros_arguments
    from dnne_ros.top.listener import listen
    from dnne_ros.tracing.chrome import ZIPPED, encode_trace
    from dnne_ros.tracing.parts import parts_of, read_parts, remove_part, sweep_parts
    from dnne_ros.tracing.places import own_folder

    check_ros_arguments(options.ros_args)
    if options.on:
        sweep_parts(own_folder())
    with closing(listen(options.ros_args)) as listener:
        graph = _the_graph(listener, options.namespace)
        processes = [int(entry.values["pid"]) for entry in graph.nodes.values()]
        parts = parts_of(processes, own_folder())
        if not options.on and parts and not options.output:
            raise InputError("trace stop", ["expected -o FILE: where to write what was recorded"])
        refused = listener.set_parameter(
            [f"{graph.namespace}/{node}" for node in graph.nodes], "trace.on", options.on,
            _ANSWER_SECONDS)
    if graph.silent:
        say(f"warning: {graph.silent} of the {graph.expected} processes of {graph.namespace} said "
            f"nothing within {_HEARD_SECONDS:g} s: what they do is not recorded", error=True)
    if refused:
        raise DnneError("; ".join(f"{node}: {reason}" for node, reason in refused.items()))
    if options.on:
        say(f"recording {graph.namespace}: {len(graph.nodes)} nodes")
    elif parts:
        _write(options.output, encode_trace(read_parts(parts), options.output.endswith(ZIPPED)))
        for part in parts:
            remove_part(part)
    elif options.output:
        raise DnneError(f"nothing of {graph.namespace} was recorded here: it runs elsewhere, or "
                        "into the file of its own --trace")
    return 0


def _the_graph(listener: Listener, name: str) -> GraphState:
    """Return the graph that is meant; `InputError` if there are several."""
    graphs = listener.heard(f"/{name.strip('/')}" if name else "", _HEARD_SECONDS)
    if len(graphs) > 1:
        raise InputError("GRAPH_NAMESPACE", [
            f"expected one of {', '.join(graph.namespace for graph in graphs)}"])
    return graphs[0]
