"""``dnne-ros jobs cancel``, ``retry``, ``rerun``, ``pause``, ``dead``, ``schedules``, ``gc``."""

from __future__ import annotations

import argparse

from dnne_ros.cli.output import say
from dnne_ros.errors import InputError
from dnne_ros.jobs.commands.command import add_store, open_store
from dnne_ros.jobs.description.spec import TOPIC
from dnne_ros.options.readings import count, duration, whole_number

_PLAIN = {
    "cancel": "end jobs, or do not start them",
    "retry": "queue jobs again that failed, were cancelled or are dead",
    "rerun": "submit jobs once more, exactly as they were",
}
"""Actions on jobs by number, and what they do."""


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions on jobs and queues that are there."""
    parsers = []
    for name, help in _PLAIN.items():
        one = actions.add_parser(name, help=help, description=f"{help[:1].upper()}{help[1:]}.")
        one.add_argument("jobs", nargs="+", type=count, metavar="JOB")
        one.set_defaults(act=globals()[f"_{name}"])
        parsers.append(one)
    for name, help in (("pause", "start no more jobs of a queue"),
                       ("resume", "start the jobs of a queue again")):
        one = actions.add_parser(name, help=help, description=f"{help[:1].upper()}{help[1:]}.")
        one.add_argument("queue", nargs="?", default="default", metavar="QUEUE")
        one.set_defaults(act=_pause, paused=name == "pause")
        parsers.append(one)
    quota = actions.add_parser("quota", help="how many jobs of a user may run at once",
                               description="Set how many jobs of a user may run at once.")
    quota.add_argument("user", metavar="USER")
    quota.add_argument("most", type=whole_number, metavar="N", help="0 takes the limit away")
    quota.set_defaults(act=_quota)
    dead = actions.add_parser("dead", help="jobs that have used up their tries",
                              description="List, retry or drop dead letters.")
    dead.add_argument("what", nargs="?", default="list", choices=("list", "retry", "drop"))
    dead.add_argument("jobs", nargs="*", type=count, metavar="JOB", help="default: all of them")
    dead.set_defaults(act=_dead)
    schedules = actions.add_parser("schedules", help="jobs that come again and again",
                                   description="List schedules, or drop one.")
    schedules.add_argument("--drop", type=count, metavar="SCHEDULE")
    schedules.set_defaults(act=_schedules)
    notify = actions.add_parser(
        "notify", help="whom to tell of all jobs that end",
        description="Set whom to tell when a job ends or a try of it fails: a command with its "
                    "words, which gets the job's record as JSON on its standard input, or "
                    f"{TOPIC} for that topic. Without a word: show it.",
        epilog="examples: dnne-ros jobs notify -- my-notifier --to ann; dnne-ros jobs "
               f"notify {TOPIC}; dnne-ros jobs notify --nobody")
    notify.add_argument("words", nargs="*", metavar="WORD")
    notify.add_argument("--nobody", action="store_true", help="tell nobody any more")
    notify.set_defaults(act=_notify)
    gc = actions.add_parser("gc", help="forget jobs that ended long ago, with their folders",
                            description="Forget jobs that ended long ago, with their folders.")
    gc.add_argument("--older-than", type=duration, required=True, metavar="T", help="such as 30d")
    gc.set_defaults(act=_gc)
    for parser in (*parsers, quota, dead, schedules, notify, gc):
        add_store(parser)


def _cancel(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.work.orders import cancel

    with open_store(options) as store:
        for number in cancel(store, options.jobs):
            say(f"job {number} runs; it is interrupted")
    return 0


def _retry(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.work.orders import retry

    with open_store(options) as store:
        retry(store, options.jobs)
    return 0


def _rerun(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.work.orders import rerun

    with open_store(options) as store:
        for number in options.jobs:
            say(f"job {rerun(store, number)}: job {number} once more")
    return 0


def _pause(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.work.orders import set_paused

    with open_store(options) as store:
        set_paused(store, options.queue, options.paused)
    return 0


def _quota(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.work.orders import set_quota

    with open_store(options) as store:
        set_quota(store, options.user, options.most or None)
    return 0


def _dead(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.work.orders import drop_dead, retry

    with open_store(options) as store:
        dead = store.jobs(("dead",))
        numbers = options.jobs or [job.id for job in dead]
        if options.what == "list":
            if options.jobs:
                raise InputError("dead list", ["it takes no jobs"])
            for job in dead:
                say(f"job {job.id}: {job.name}: {job.reason}")
        elif options.what == "retry":
            retry(store, numbers)
        else:
            drop_dead(store, numbers)
    return 0


def _schedules(options: argparse.Namespace) -> int:
    import time

    from dnne_ros.jobs.store.schedules import drop_schedule, schedules

    with open_store(options) as store:
        if options.drop:
            drop_schedule(store, options.drop)
            return 0
        for each in schedules(store):
            at = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(str(each["next"]))))
            say(f"schedule {each['id']}: {each['name']}, {each['cron']}, next at {at}")
    return 0


def _notify(options: argparse.Namespace) -> int:
    import shlex

    from dnne_ros.jobs.store.notices import hook, set_hook

    if options.words and options.nobody:
        raise InputError("arguments", ["--nobody: or a command, not both"])
    with open_store(options) as store:
        if options.words or options.nobody:
            set_hook(store, options.words)
        say(f"told of jobs: {shlex.join(hook(store)) or 'nobody'}")
    return 0


def _gc(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.work.orders import collect_garbage

    with open_store(options) as store:
        say(f"forgot {len(collect_garbage(store, options.older_than))} jobs")
    return 0
