"""``dnne-ros jobs list``, ``show``, ``logs``, ``stats`` and ``watch``."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from dnne_ros import strict_json
from dnne_ros.cli.output import say
from dnne_ros.jobs.commands.command import add_store, open_store
from dnne_ros.jobs.description.states import STATES
from dnne_ros.options.readings import count

if TYPE_CHECKING:
    from dnne_ros.jobs.store.records import Job
    from dnne_ros.jobs.store.store import JobStore

_SHOWN = 50
_FOLLOW_SECONDS = 0.2
_FRAME_SECONDS = 0.5


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions that only look."""
    listing = actions.add_parser(
        "list", help="list jobs", description="List the latest jobs.",
        epilog="example: dnne-ros jobs list --status running failed")
    listing.add_argument("--status", nargs="+", default=(), choices=STATES, metavar="STATE",
                         help=f"only those that are {', '.join(STATES)}")
    listing.add_argument("--most", type=count, default=_SHOWN, metavar="N",
                         help=f"the latest N (default {_SHOWN})")
    listing.add_argument("--json", action="store_true", help="as JSON, with all that is known")
    listing.set_defaults(act=_list)
    show = actions.add_parser("show", help="show all that is known of a job",
                              description="Show all that is known of a job.")
    show.add_argument("job", type=count, metavar="JOB")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(act=_show)
    logs = actions.add_parser("logs", help="print what a job has printed",
                              description="Print what a job has printed, all its tries.")
    logs.add_argument("job", type=count, metavar="JOB")
    logs.add_argument("-f", "--follow", action="store_true", help="until the job has ended")
    logs.set_defaults(act=_logs)
    stats = actions.add_parser("stats", help="counts and times, by queue, worker and stage",
                               description="Show counts and times by queue, worker and stage.")
    stats.add_argument("--json", action="store_true", help="as JSON")
    stats.set_defaults(act=_stats)
    watch = actions.add_parser("watch", help="a live table of the open jobs",
                               description="Show the open jobs until Ctrl-C.")
    watch.set_defaults(act=_watch)
    for parser in (listing, show, logs, stats, watch):
        add_store(parser)


def _list(options: argparse.Namespace) -> int:
    with open_store(options) as store:
        jobs = store.jobs(options.status, options.most)
    if options.json:
        say(strict_json.dumps([job.as_dict() for job in jobs], indent=1))
        return 0
    from dnne_ros.jobs.commands.views import job_lines

    for line in job_lines(jobs, time.time()):
        say(line)
    return 0


def _show(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.commands.views import record_lines

    with open_store(options) as store:
        job = store.job(options.job)
        spec, changes = store.spec(job.id), store.changes(job.id)
        folder = store.files(job.id).path
        successor = store.successor(job.id)
    if options.json:
        import dataclasses

        say(strict_json.dumps({
            **job.as_dict(), "spec": dataclasses.asdict(spec), "folder": str(folder),
            "taken_over_by": successor,
            "changes": [dataclasses.asdict(change) for change in changes]}, indent=1))
        return 0
    for line in record_lines(job, spec, changes, folder, successor):
        say(line)
    return 0


def _logs(options: argparse.Namespace) -> int:
    with open_store(options) as store:
        job = store.job(options.job)
        place = 0
        while True:
            ended = not options.follow or not store.job(job.id).is_open
            place = _print_from(store, job, place)
            if ended:
                return 0
            time.sleep(_FOLLOW_SECONDS)


def _print_from(store: JobStore, job: Job, place: int) -> int:
    """Print what the log has from a place on; returns the place behind it."""
    log = store.files(job.id).log
    if not log.exists():
        return 0
    with log.open("rb") as opened:
        opened.seek(place)
        for line in opened:
            say(line.decode(errors="replace").rstrip("\n"))
        return opened.tell()


def _stats(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.commands.views import statistics_lines
    from dnne_ros.jobs.store.statistics import statistics

    with open_store(options) as store:
        found = statistics(store)
    for line in ([strict_json.dumps(found, indent=1)] if options.json
                 else statistics_lines(found)):
        say(line)
    return 0


def _watch(options: argparse.Namespace) -> int:
    from rich.live import Live

    from dnne_ros.jobs.commands.views import Curves, live_table

    with open_store(options) as store, suppress(KeyboardInterrupt), \
            Live(auto_refresh=False, screen=sys.stdout.isatty()) as live:
        curves = Curves()
        while True:
            jobs = store.jobs(("running", "queued", "waiting"), _SHOWN)
            curves.note(jobs)
            live.update(live_table(jobs, curves, time.time()), refresh=True)
            if not sys.stdout.isatty():
                break
            time.sleep(_FRAME_SECONDS)
    return 0
