"""What may be a job, checked as the command itself would check it."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.jobs.functions import registered
from dnne_ros.jobs.references import references
from dnne_ros.jobs.spec import COMMANDS, Task

_OWN = {"report": "--report", "save_checkpoint_dir": "--save-checkpoint-dir",
        "plot": "--plot", "tensorboard": "--tensorboard"}
"""Options of a run whose files a job has in its own folder, or can have: ``{job}/curve.png``."""
_GRAPHS = ("run", "check", "export", "graph")
"""Commands whose workflow is checked, without the words that an earlier stage will give."""


def command_task(words: Sequence[str], source: str) -> Task:
    """Return a `dnne-ros` command as a task; `InputError` with all that it would refuse.

    A workflow is checked as by `dnne-ros check` and kept as text, as it is now.
    """
    if not words or words[0] not in COMMANDS:
        found = f", found {words[0]!r:.40}" if words else ""
        raise InputError(source, [f"a job is one of {', '.join(COMMANDS)}{found}"])
    known = [word for word in words if not references(word)] if words[0] in _GRAPHS else words
    options = _parsed(known, source)
    _refuse_own_files(options, source)
    workflow = getattr(options, "workflow", "")
    if not workflow:
        return Task(command=words[0], words=tuple(words[1:]))
    rest = list(words[1:])
    rest.remove(workflow)
    _check(options)
    text = read_file(Path(workflow)).decode()
    files = [*options.nodes, *([options.slots_from] if options.slots_from else [])]
    return Task(command=words[0], words=tuple(rest), workflow_name=Path(workflow).name,
                workflow=text, files={workflow: _sum(text.encode()),
                                      **{file: _sum(read_file(Path(file))) for file in files}})


def function_task(name: str, arguments: Mapping[str, Any], source: str) -> Task:
    """Return a registered function as a task; `InputError` if there is none of that name."""
    known = registered()
    if name not in known:
        names = f"; there are {', '.join(sorted(known))}" if known else ""
        raise InputError(source, [f"no installed package registers the function {name!r:.60}"
                                  f"{names}"])
    return Task(function=name, arguments=dict(arguments))


def _parsed(words: Sequence[str], source: str) -> argparse.Namespace:
    """Return the options of a command line; argparse's own errors become ours."""
    from dnne_ros.cli.main import build_parser
    from dnne_ros.options.near_misses import unknown_arguments

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            options, unknown = build_parser().parse_known_args(list(words))
    except SystemExit:
        lines = said.getvalue().strip().splitlines() or ["it only prints something"]
        raise InputError(source, [lines[-1].partition("error: ")[2] or lines[-1]]) from None
    if unknown:
        raise InputError(source, unknown_arguments(unknown))
    return options


def _refuse_own_files(options: argparse.Namespace, source: str) -> None:
    problems = [f"{word} {value}: a job has its own folder; write {{job}}/{Path(value).name}"
                if name in ("plot", "tensorboard") else
                f"{word}: a job's report and checkpoint are in its own folder"
                for name, word in _OWN.items()
                if (value := getattr(options, name, None)) and not
                (name in ("plot", "tensorboard") and str(value).startswith("{job}"))]
    if problems:
        raise InputError(source, problems)


def _check(options: argparse.Namespace) -> None:
    """Raise `InputError` for what the command would refuse."""
    from dnne_ros.options.limits import limited
    from dnne_ros.options.run_arguments import check_checkpoints, run_settings
    from dnne_ros.options.workflow_arguments import load_graph
    from dnne_ros.placement.planning import place

    graph = load_graph(options)
    if not hasattr(options, "load_checkpoint_dir"):
        return
    place(graph, options.place or "")
    limited(graph, run_settings(options))
    check_checkpoints(options, graph)


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
