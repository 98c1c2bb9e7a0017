"""The process of a job: ``python -m dnne_ros.jobs.work.child JSON``.

It ends with its worker, keeps to what was granted, and becomes the command or calls the function.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

from dnne_ros.runtime.coordination.parent_death import die_with_parent


def main() -> int:
    """Do what `sys.argv` says; returns the exit code."""
    asked = json.loads(sys.argv[1])
    die_with_parent(signal.SIGTERM, asked["parent"])  # by which a run saves its checkpoint
    if asked["cpus"]:
        os.sched_setaffinity(0, asked["cpus"])
    if asked["memory"]:
        # What is allocated, and not what is mapped: CUDA maps more than there is.
        resource.setrlimit(resource.RLIMIT_DATA, (asked["memory"], asked["memory"]))
    if asked["function"]:
        return _call(asked)
    from dnne_ros.cli.main import main as command

    sys.argv = ["dnne-ros", *asked["words"]]
    return command()


def _call(asked: dict[str, Any]) -> int:
    from dnne_ros import strict_json
    from dnne_ros.durable_files import write_file
    from dnne_ros.errors import DnneError
    from dnne_ros.jobs.description.functions import JobContext

    folder = Path(asked["folder"])
    if not asked["home"]:
        print(f"no installed package registers the function {asked['function']}", file=sys.stderr)
        return 2
    module, _, name = asked["home"].partition(":")
    function = attrgetter(name)(import_module(module))
    try:
        report = function(JobContext(asked["job"], asked["attempt"], asked["start"], folder),
                          **asked["arguments"])
    except DnneError as error:
        print(f"{asked['function']}: {error}", file=sys.stderr)
        return error.exit_code
    write_file(folder / "report.json", strict_json.dumps(dict(report or {})).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
