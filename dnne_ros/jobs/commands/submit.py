"""``dnne-ros jobs submit``."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.cli.output import say
from dnne_ros.errors import InputError
from dnne_ros.jobs.commands.command import add_store, open_store
from dnne_ros.jobs.description.spec import TOPIC
from dnne_ros.options.run_arguments import PLACE
from dnne_ros.options.run_settings import RUN_OPTIONS
from dnne_ros.options.workflow_arguments import NODES, TRUST, WORKFLOW_OPTIONS

if TYPE_CHECKING:
    from dnne_ros.jobs.description.spec import JobSpec
    from dnne_ros.jobs.store.store import JobStore

_OURS = ("save_checkpoint_dir",)
"""What a job has in its own folder."""
_PASSED_ON = tuple(dataclasses.replace(option, also=()) for option in (
    *WORKFLOW_OPTIONS, PLACE, *RUN_OPTIONS) if option.name not in _OURS and not option.for_hosts)
"""The options of ``dnne-ros run`` that submit takes; ``--timeout`` is the job's here.

A job runs on one machine."""
TRUSTED = (NODES, TRUST)
TREATMENT = {
    "name": ("NAME", "what lists call it (default: what it runs)"),
    "priority": ("P", "critical, high, normal, low, or 0 (first) to 9 (last)"),
    "retries": ("N", "try so often again when it fails; an error of input is not tried again"),
    "backoff": ("KIND", "how long to rest before: immediate, linear, exponential (default), "
                        "fibonacci"),
    "backoff_base": ("T", "the first rest (default 5s)"),
    "retry_lower": ("N", "so many priorities later each time"),
    "delay": ("T", "start no earlier than after this long"),
    "cron": ("CRON", "submit it again at each of these times: '0 2 * * *'"),
    "timeout": ("T", "end it, as a failure, when it takes longer"),
    "grace": ("T", "how long it may take to save when it is interrupted (default 4s)"),
    "needs": ("NEEDS", "gpu=1,cpus=2,memory=4G; gpu=0.5 shares one"),
    "queue": ("NAME", "the queue (default: default)"),
    "user": ("NAME", "whose job it is (default: who submits it)"),
    "escalate_to": ("JOB.yaml", "the job that takes over when its last try has failed"),
    "dedupe": ("KEY", "if a job with this key has still to end, take that one"),
}
"""Of an option: the placeholder and the help; its key is that of a job file."""


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``submit``."""
    parser = actions.add_parser(
        "submit", help="add a job",
        description="Add a job: a workflow to run, or what a YAML file describes. What `dnne-ros "
                    "check` refuses is refused.",
        epilog="example: dnne-ros jobs submit cartpole.json --seed 3 --max-updates 300 "
               "--retries 2 --needs cpus=2")
    parser.add_argument("what", metavar="WORKFLOW|JOB.yaml", help="a workflow, or a job file")
    add_treatment(parser)
    parser.add_argument("--wait", action="store_true",
                        help="wait until it has ended; exit as it did")
    parser.add_argument("--notify", nargs="+", default=(), metavar="WORD",
                        help=f"tell this command, with its words, or the topic {TOPIC}, when the "
                             "job ends or a try fails; a command gets the job's record as JSON on "
                             "its standard input")
    parser.add_argument("--strict", action="store_true",
                        help="refuse what no worker that runs now could ever give it")
    add_run_options(parser)
    add_store(parser)
    parser.set_defaults(act=_submit)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what the run itself is given."""
    for option in _PASSED_ON:
        option.add_to(parser)


def add_treatment(parser: argparse.ArgumentParser) -> None:
    """Add how a job is to be treated."""
    for key, (metavar, help) in TREATMENT.items():
        parser.add_argument(f"--{key.replace('_', '-')}", dest=f"job_{key}", metavar=metavar,
                            help=help)
    for key, help in (("after", "wait for the success of these jobs"),
                      ("after_any", "wait for the end of these jobs, whatever it is")):
        parser.add_argument(f"--{key.replace('_', '-')}", dest=f"job_{key}", metavar="JOB",
                            nargs="+", help=help)


def order_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the options say of a job's treatment, by the keys of a job file."""
    return {key: value for key in (*TREATMENT, "after", "after_any")
            if (value := getattr(options, f"job_{key}")) is not None}


def trusted_words(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the words by which the user lets code run."""
    return tuple(word for option in TRUSTED
                 for word in option.words(getattr(options, option.name)))


def run_options_of(options: argparse.Namespace) -> list[str]:
    """Return the words of the run's own options that were given, without the trusted ones."""
    return [word for option in _PASSED_ON if option not in TRUSTED
            if (value := getattr(options, option.name)) != option.default_value
            for word in option.words(value)]


def _submit(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.description.job_file import read_job_file, spec_of_order
    from dnne_ros.jobs.store.schedules import add_schedule

    if options.ros_args:
        raise InputError("arguments", ["a job takes no --ros-args"])
    order, words = order_of(options), run_options_of(options)
    what = Path(options.what)
    if what.suffix in (".yaml", ".yml"):
        if words:
            raise InputError("arguments", [f"{words[0]}: a job file has the run's options under "
                                           "'options'"])
        spec, cron = read_job_file(what, order, trusted_words(options))
    else:
        spec, cron = spec_of_order({**order, "workflow": str(what), "options": words},
                                   str(what), Path.cwd(), trusted_words(options))
    if options.notify:
        spec = dataclasses.replace(spec, notify=tuple(options.notify))
    with open_store(options) as store:
        if cron:
            say(f"schedule {add_schedule(store, spec, cron)}: {spec.task.title}, {cron}")
            return 0
        if options.strict:
            _refuse_impossible(store, spec)
        number = store.submit(spec)
        job = store.job(number)
        say(f"job {number}: {job.name}, {job.state} ({job.reason})", flush=True)
        return _wait(store, number) if options.wait else 0


def _refuse_impossible(store: JobStore, spec: JobSpec) -> None:
    from dnne_ros.jobs.store.resources import possible

    if why := possible(store, spec):
        raise InputError(spec.name or spec.task.title, [why])


def _wait(store: JobStore, number: int) -> int:
    job = store.wait(number)
    say(f"job {job.id}: {job.state} ({job.reason})")
    if job.state == "succeeded":
        return 0
    return job.exit_code if job.exit_code is not None and job.exit_code > 0 else 1
