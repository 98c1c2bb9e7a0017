"""``dnne-ros jobs``: submit jobs, look at them, work on them."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from dnne_ros.jobs.store.store import JobStore

_EXAMPLES = """\
examples:
  dnne-ros jobs submit cartpole.json --until-return 450 --retries 3
  dnne-ros jobs submit job.yaml --priority high --after 12
  dnne-ros jobs work --count 2                     run them; more terminals, more workers
  dnne-ros jobs work --gpus 0,1 --until-empty
  dnne-ros jobs list                               dnne-ros jobs watch
  dnne-ros jobs show 12                            dnne-ros jobs logs 12 -f
  dnne-ros jobs cancel 12                          dnne-ros jobs retry 12
  dnne-ros jobs serve                              for a robot's stack: services and an action
  dnne-ros jobs pipeline run train_and_deploy.yaml
  dnne-ros jobs sweep cartpole.json --param 6.gamma=0.95,0.99 --seeds 3

exit codes: 0 done, 1 the job failed (with --wait), 2 the input is wrong, 130 interrupted
"""
_PARTS = ("jobs.commands.submit", "jobs.commands.show", "jobs.commands.order",
          "jobs.commands.work", "job_server.command", "jobs.commands.pipeline",
          "jobs.commands.sweep")
"""The modules that add sub-commands; what is heavy they import when they run."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its sub-commands."""
    parser = commands.add_parser(
        "jobs", help="many runs, in order, that survive whatever is killed",
        description="Submit runs as jobs, look at them, and work on them.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for part in _PARTS:
        importlib.import_module(f"dnne_ros.{part}").add_actions(actions)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    """Do what the action has set as ``act``, which may then import what the extra brings."""
    need_engine()
    return int(options.act(options))


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the store."""
    parser.add_argument("--store", default="", metavar="DIR|postgresql://…",
                        help="where the jobs are (default: dnne_ros/jobs in the user's state "
                             "directory)")
    parser.add_argument("--folder", default="", metavar="DIR",
                        help="where the files of jobs are, for a store on a server")


def open_store(options: argparse.Namespace) -> JobStore:
    """Return the store that the options of `add_store` name."""
    from dnne_ros.jobs.store.store import JobStore

    return JobStore(options.store, folder=options.folder)


def need_engine() -> None:
    """Raise `InputError` unless the extra is installed."""
    if importlib.util.find_spec("dbos") is None:
        raise InputError("jobs", ["jobs are kept by DBOS Transact, which is not installed: pip "
                                  "install 'dnne_ros[jobs]'"])
