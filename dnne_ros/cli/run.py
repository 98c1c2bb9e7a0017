"""``dnne-ros run``: run a workflow's graph and watch it."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import signal
import socket
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.cli.flight_records import flight_message
from dnne_ros.cli.output import lasting_output, say
from dnne_ros.cli.outputs import check_outputs, write_outputs
from dnne_ros.cli.place import placed
from dnne_ros.cli.progress import Progress
from dnne_ros.cli.record import check_record, end_recording
from dnne_ros.cli.report import HUNG_UP, RunReport
from dnne_ros.cli.run_facts import facts_of, status_of
from dnne_ros.cli.status_lines import StatusLines
from dnne_ros.foxglove.address import address
from dnne_ros.foxglove.beside import check_viewers, viewers_served
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.without_torch import check_torch
from dnne_ros.loggers.continuing import read_runs
from dnne_ros.loggers.logging_run import LoggingRun
from dnne_ros.loggers.registry import make_loggers
from dnne_ros.metrics.serving import Address, check_address
from dnne_ros.options.filming import asked_video
from dnne_ros.options.limits import limited
from dnne_ros.options.managed import check_managed
from dnne_ros.options.run_arguments import (
    add_run_arguments,
    check_checkpoints,
    check_host_options,
    run_settings,
    run_words,
)
from dnne_ros.options.run_key import RUN_KEY, new_run_key, shared_run_key
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph, workflow_words
from dnne_ros.parameter_files.ros_arguments import (
    absolute_namespace,
    check_parameter_files,
    check_ros_arguments,
    enclaves_of,
    take_managed_name,
)
from dnne_ros.placement.leading import leading_process
from dnne_ros.placement.placement import Placement
from dnne_ros.placement.restarts import obstacles, returning
from dnne_ros.runtime.coordination.executed_process import execute
from dnne_ros.runtime.coordination.fork_server import CHANNEL, ForkServer
from dnne_ros.runtime.coordination.supervisor import Process, Start, Supervisor
from dnne_ros.security.environment import check_security
from dnne_ros.spans.telemetry import check_telemetry
from dnne_ros.tracing.collecting import collect, discard_parts
from dnne_ros.tracing.flight_record import forget_run
from dnne_ros.transport.lasting_memory import RunMemory

_EXAMPLES = """\
examples:
  dnne-ros run cartpole.json --set 1.num_envs=512 --until-return 450 --report r.json
  dnne-ros run cartpole.json --place split --save-checkpoint-dir checkpoint --duration 5m
  dnne-ros run cartpole.json --place auto                # tries several first: dnne-ros place
  dnne-ros run cartpole.json --max-updates 500 --max-env-steps 1000000   # whichever comes first
  dnne-ros run cartpole.json --metrics 9464   # curl -s http://127.0.0.1:9464/metrics
  dnne-ros run cartpole.json --inference --load-checkpoint-dir checkpoint
  dnne-ros run cartpole.json --record run.mcap            # every item; dnne-ros replay run.mcap
  dnne-ros run robot.json --lifecycle --strict-runtime   # ros2 lifecycle set /robot/lifecycle …
  dnne-ros run cartpole.json --ros-args -r __ns:=/robot1
  dnne-ros run cartpole.json --foxglove 8765   # Open connection: ws://127.0.0.1:8765
  dnne-ros run cartpole.json --log-to mlflow:http://localhost:5000 --log-to tensorboard:tb
  dnne-ros run mnist_mlp.json --set 1.data_path=data --plot curve.png --save-checkpoint-dir c

While it runs:
  ros2 topic list;  ros2 topic echo /cartpole/ppo_trainer_6/mean_return
  ros2 param set /cartpole/ppo_trainer_6 learning_rate 0.001
"""
_LIMITS = ("duration", "max_updates", "max_env_steps")
"""The reasons to end that an `--until-return` would have come before."""
_HOST = "dnne_ros.hosting.host"
_PRELOAD = ("torch", _HOST)
"""What every process of a graph needs and what may be forked: rclpy's libraries have threads."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run", help="run a workflow as ROS 2 nodes",
        description="Run a workflow's graph as ROS 2 nodes until it ends, Ctrl-C, or a limit.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_workflow_arguments(parser)
    add_run_arguments(parser)
    parser.add_argument("--report", metavar="FILE", help="write a JSON report at the end")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the learning curve at the end")
    parser.add_argument("--log-to", action="append", default=[], metavar="LOGGER[:WHERE]",
                        help="log the figures of training while it runs: tensorboard:DIR, "
                             "mlflow[:URI] (a server, database or folder), wandb[:PROJECT], or "
                             "a logger that a package adds")
    parser.add_argument("--tensorboard", dest="log_to", action="append", metavar="DIR",
                        type=lambda folder: f"tensorboard:{folder}",
                        help="the same as --log-to tensorboard:DIR")
    parser.add_argument("--foxglove", type=address, metavar="[HOST:]PORT",
                        help="show the run in Foxglove and Lichtblick, which connect to "
                             "ws://127.0.0.1:PORT; HOST 0.0.0.0 is for other machines, too")
    parser.add_argument("--quiet", action="store_true", help="no progress display")
    parser.add_argument("--status-fd", type=int, metavar="N",
                        help="for programs that start runs: say what happens, in JSON, on the "
                             "socket (SOCK_SEQPACKET) of this descriptor, and end when it closes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check everything, start the processes, and report."""
    # Another program that calls us may have threads, and is not ours to fork.
    # Hosts share a key, which is looked for when the host is known to be one.
    variables = {RUN_KEY: new_run_key()} if options.host is None else {}
    run_id = uuid.uuid4().hex
    server = ForkServer(_PRELOAD, variables) if options.own_process else None
    try:
        with lasting_output():
            return _run(options, _starter(options, server, variables, run_id), run_id)
    finally:
        if server is not None:
            server.close()


def _run(options: argparse.Namespace, start: Start, run_id: str) -> int:
    _, ros_args = take_managed_name(options.ros_args, options.lifecycle)
    check_ros_arguments(ros_args)
    graph = load_graph(options)
    check_torch(graph)
    check_outputs(options)
    with placed(options, graph):
        return _run_placed(options, graph, ros_args, start, run_id)


def _run_placed(options: argparse.Namespace, graph: Graph, ros_args: list[str], start: Start,
                run_id: str) -> int:
    from dnne_ros.placement.planning import place

    placement = place(graph, options.place or "")
    check_host_options(run_settings(options))
    here = placement.on_host(options.host)
    if options.host is not None:
        shared_run_key(options.host, options.key_file)  # which each process then takes itself
    check_parameter_files(ros_args, graph,
                          lambda message: say(f"warning: {message}", flush=True))
    limited(graph, run_settings(options))
    asked_video(graph, run_settings(options))
    check_managed(graph, run_settings(options))
    check_security(enclaves_of(ros_args, graph, placement.processes))
    loggers = make_loggers(options.log_to)
    if options.foxglove is not None:
        check_viewers(options.foxglove, absolute_namespace(ros_args, graph))
    check_record(options, graph)
    check_telemetry(os.environ)
    if options.metrics is not None and leading_process(graph, placement) in here:
        check_address(Address.parse(options.metrics))
    for warning in check_checkpoints(options, graph):
        say(f"warning: {warning}", flush=True)
    lasting = options.respawn and not options.lifecycle
    if lasting:
        _say_what_stays_dead(graph, placement, here)
    if options.inference and options.save_checkpoint_dir:
        say("warning: --save-checkpoint-dir: nothing is saved with --inference", flush=True)
    if options.trace:
        discard_parts(options.trace)
    progress = Progress(quiet=options.quiet, prefixed=len(here) > 1)
    continued = read_runs(Path(options.load_checkpoint_dir)) \
        if options.load_checkpoint_dir and not options.inference else {}
    logging = LoggingRun(loggers, facts_of(options, graph), continued, progress.warn)
    with closing(RunMemory(run_id)) if lasting else nullcontext():
        report = asyncio.run(_supervise(
            options, graph, placement, here, start, run_id, progress, logging))
    forget_run(run_id)
    unwritten = write_outputs(options, report, graph.name)
    logging.end(list(filter(None, [options.report, options.plot])), status_of(report))
    if options.trace:
        unwritten += filter(None, [collect(options.trace)])
    if options.record:
        unwritten += end_recording(options, report)
    if report.failure and report.flight_records:
        say(f"what led to it: dnne-ros trace analyze {shlex.quote(report.flight_records[-1])}",
            error=True)
    for trouble in filter(None, (report.failure, report.checkpoint_error, *unwritten)):
        say(f"dnne-ros: {trouble}", error=True)
    if report.exit_reason in _LIMITS and options.until_return is not None:
        say(f"dnne-ros: the mean return has not reached {options.until_return:g}", error=True)
        return 1
    return report.exit_code or int(bool(unwritten))


def _say_what_stays_dead(graph: Graph, placement: Placement, here: Iterable[str]) -> None:
    for process in here:
        for obstacle in obstacles(graph, placement, process):
            say(f"warning: --respawn: process {process} is not started again when it is "
                f"killed: {obstacle}", flush=True)


async def _supervise(options: argparse.Namespace, graph: Graph, placement: Placement,
                     here: Mapping[str, Sequence[str]], start: Start, run_id: str,
                     progress: Progress, logging: LoggingRun) -> RunReport:
    """Run the processes ``here``, on this host, and report."""
    loop = asyncio.get_running_loop()
    report = RunReport(list(here),
                       None if options.inference else options.save_checkpoint_dir)
    status = StatusLines(options.status_fd)
    with progress:
        def on_message(process: str, message: dict[str, Any]) -> None:
            report.note(process, message)
            progress.note(message, report)
            status.note(process, message)
            logging.note(message)

        def on_all_started() -> None:
            report.start()
            status.running()
            if options.duration is not None:
                loop.call_later(options.duration, supervisor.stop, "duration")

        names = {process: ", ".join(graph.nodes[node].ros_name for node in nodes)
                 for process, nodes in here.items()}
        supervisor = Supervisor(names, start, progress.line, on_message, on_all_started,
                                set(here) & set(returning(
                                    graph, placement, lifecycle=options.lifecycle,
                                    respawn=options.respawn)),
                                partial(flight_message, run_id))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, supervisor.stop, "interrupted")
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            loop.add_signal_handler(signal.SIGHUP, supervisor.stop, HUNG_UP)
        status.on_left(lambda: supervisor.stop(HUNG_UP))
        async with AsyncExitStack() as beside:
            if options.foxglove is not None:
                await beside.enter_async_context(viewers_served(
                    options.foxglove, absolute_namespace(options.ros_args, graph),
                    "LOCALHOST" if options.host is None else "SUBNET",
                    lambda text: progress.line("foxglove", text), progress.warn))
            await supervisor.run()
    report.finish(supervisor.reason, supervisor.failure, supervisor.exit_code)
    status.ended(report)
    progress.summary(report)
    return report


def _starter(options: argparse.Namespace, server: ForkServer | None,
             variables: Mapping[str, str], run_id: str) -> Start:
    """Return what starts a process of the graph: as a fork, or as a command of its own.

    ``variables``: what is added to the environment; a fork has it already.  ``run_id`` is the
    same in all processes of a run, and different in other runs.
    """
    def words(process: str, channel: int) -> list[str]:
        return [*workflow_words(options), *run_words(options), "--process", process, "--run-id",
                run_id, "--status-fd", str(channel), *options.ros_args]

    async def start(process: str, channel: socket.socket) -> Process:
        if server is None:
            return await execute([sys.executable, "-m", _HOST, *words(process, channel.fileno())],
                                 channel, variables)
        return await server.start(process, f"{_HOST}:run_and_leave", words(process, CHANNEL),
                                  channel)
    return start
