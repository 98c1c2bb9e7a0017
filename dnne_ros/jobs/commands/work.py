"""``dnne-ros jobs work``."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from contextlib import ExitStack, closing

from dnne_ros.cli.output import lasting_output, say
from dnne_ros.errors import InputError
from dnne_ros.jobs.commands.command import add_store, open_store
from dnne_ros.options.readings import address, count, duration
from dnne_ros.spans.telemetry import check_telemetry

_LOOK_SECONDS = 0.2


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``work``."""
    parser = actions.add_parser(
        "work", help="run jobs, in worker processes",
        description="Start workers, which run jobs until Ctrl-C. The first Ctrl-C interrupts "
                    "the jobs, which saves their checkpoints and queues them again.",
        epilog="example: dnne-ros jobs work --gpus 0,1 --until-empty")
    parser.add_argument("--count", type=count, metavar="N",
                        help="so many workers (default: 1, or one for each GPU)")
    parser.add_argument("--gpus", default="", metavar="IDS",
                        help="the GPUs that jobs may be given, such as 0,1")
    parser.add_argument("--queues", nargs="+", default=["default"], metavar="QUEUE",
                        help="whose jobs to run (default: default)")
    parser.add_argument("--until-empty", action="store_true",
                        help="leave when no job of these queues has still to end")
    parser.add_argument("--finish", type=duration, metavar="T",
                        help="on Ctrl-C, first let jobs end by themselves for this long")
    parser.add_argument("--metrics", metavar="[HOST:]PORT", type=address,
                        help="serve Prometheus metrics there (HOST: this machine alone)")
    parser.add_argument("--diagnostics", action="store_true",
                        help="say on /diagnostics once a second how the queues do")
    add_store(parser)
    parser.set_defaults(act=_work)


def _work(options: argparse.Namespace) -> int:
    gpus = [gpu.strip() for gpu in options.gpus.split(",") if gpu.strip()]
    if len(set(gpus)) != len(gpus):
        raise InputError("arguments", [f"--gpus {options.gpus}: each may be named once"])
    check_telemetry(os.environ)
    workers = options.count or len(gpus) or 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    from dnne_ros.jobs.work.warm import warm_server

    server = warm_server()  # first, as it loads the engine while the store is opened
    with lasting_output(), closing(server), open_store(options) as store, ExitStack() as seen:
        from dnne_ros.jobs.work.exporting import diagnosed, metrics_served
        from dnne_ros.jobs.work.pool import WorkerPool

        if options.metrics is not None:
            seen.enter_context(metrics_served(store, options.metrics))
        if options.diagnostics:
            seen.enter_context(diagnosed(store))
        pool = WorkerPool(store, options.queues, gpus, server)
        pool.start(workers)
        say(f"{workers} worker{'s' * (workers != 1)} for {', '.join(options.queues)} of "
            f"{store.named}", flush=True)
        try:
            while not ended.wait(_LOOK_SECONDS):
                if options.until_empty and not store.open_count(options.queues):
                    break
        finally:
            pool.stop(graceful=not ended.is_set() or options.finish is not None,
                      timeout=options.finish)
    return 130 if ended.is_set() else 0
