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
from dnne_ros.jobs.description.functions import registered
from dnne_ros.jobs.description.references import references
from dnne_ros.jobs.description.spec import COMMANDS, Task

_OWN = {"report": "--report", "save_checkpoint_dir": "--save-checkpoint-dir"}
"""Options of a run whose files a job has in its own folder."""
_WRITTEN = {"plot": "--plot", "output": "-o"}
"""Options that name what is written: a job's is below ``{job}``, its own folder."""
_CODE = {"nodes": "--nodes", "trust": "--trust"}
"""Options by which a user lets code run."""
_GRAPHS = ("run", "check", "export", "graph")
"""Commands whose workflow is checked, without the words that an earlier stage will give."""


def command_task(words: Sequence[str], source: str, trusted: Sequence[str] = ()) -> Task:
    """Return a `dnne-ros` command as a task; `InputError` with all that it would refuse.

    A workflow is checked as by `dnne-ros check` and kept as text, as it is now.  The words may
    come from anybody's file: they write into the job's folder alone, and which code may run is
    only in ``trusted``, words that the user has typed.
    """
    if not words or words[0] not in COMMANDS:
        found = f", found {words[0]!r:.40}" if words else ""
        raise InputError(source, [f"a job is one of {', '.join(COMMANDS)}{found}"])
    has_graph = words[0] in _GRAPHS
    known = [word for word in words if not (has_graph and references(word))]
    options = _parsed(known, source)
    _refuse_reach(options, source)
    if not has_graph:
        return Task(command=words[0], words=tuple(words[1:]))
    options = _parsed([*known, *trusted], source)
    rest = [*words[1:], *trusted]
    rest.remove(options.workflow)
    keeps_state = _checked(options)
    text = read_file(Path(options.workflow)).decode()
    files = [*options.nodes, *([options.slots_from] if options.slots_from else [])]
    return Task(command=words[0], words=tuple(rest), workflow_name=Path(options.workflow).name,
                workflow=text, files={options.workflow: _sum(text.encode()),
                                      **{file: _sum(read_file(Path(file))) for file in files}},
                keeps_state=keeps_state)


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
            options, unknown = build_parser(words).parse_known_args(list(words))
    except SystemExit:
        lines = said.getvalue().strip().splitlines() or ["it only prints something"]
        raise InputError(source, [lines[-1].partition("error: ")[2] or lines[-1]]) from None
    if unknown:
        raise InputError(source, unknown_arguments(unknown))
    return options


def _refuse_reach(options: argparse.Namespace, source: str) -> None:
    """Raise `InputError` for words that reach beyond the job's folder, or make code of a file."""
    def given(kind: Mapping[str, str]) -> list[tuple[str, Any]]:
        return [(word, value) for name, word in kind.items()
                if (value := getattr(options, name, None))]
    problems = [f"{word}: a job's report and checkpoint are in its own folder"
                for word, _ in given(_OWN)]
    problems += [f"{word} {value}: a job writes into its own folder: {word} "
                 f"{{job}}/{Path(value).name}" for word, value in given(_WRITTEN)
                 if not _is_in_job(value)]
    problems += [f"--log-to {text}: a job logs into its own folder, {name}:{{job}}/{name}, or "
                 f"where the settings of its worker say: --log-to {name}"
                 for text in getattr(options, "log_to", ())
                 for name, colon, where in [text.partition(":")]
                 if colon and not _is_in_job(where)]
    if getattr(options, "foxglove", None) is not None:
        problems.append("--foxglove: a job opens no port; `dnne-ros foxglove` shows what runs")
    problems += [f"{word} {' '.join(value)}: a file cannot say which code may run; type it "
                 f"behind the command" for word, value in given(_CODE)]
    if problems:
        raise InputError(source, problems)


def _is_in_job(file: str) -> bool:
    return file.startswith("{job}/") and ".." not in Path(file).parts


def _checked(options: argparse.Namespace) -> bool:
    """Tell whether a command's graph keeps a state; `InputError` for what it would refuse."""
    from dnne_ros.options.limits import limited
    from dnne_ros.options.run_arguments import check_checkpoints, run_settings
    from dnne_ros.options.workflow_arguments import load_graph
    from dnne_ros.placement.planning import place

    graph = load_graph(options)
    keeps_state = any(node.type.keeps_state() for node in graph.nodes.values())
    if not hasattr(options, "load_checkpoint_dir"):
        return keeps_state
    place(graph, options.place or "")
    limited(graph, run_settings(options))
    check_checkpoints(options, graph)
    return keeps_state


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
