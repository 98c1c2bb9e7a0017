"""``dnne-ros tasks``: what the simulators that are installed can do, and how to get the others."""

from __future__ import annotations

import argparse
import difflib
import io
import shutil
from collections.abc import Iterable, Sequence

from dnne_ros.cli.output import say
from dnne_ros.errors import InputError, describe
from dnne_ros.options.workflow_arguments import NODES, load_catalogue
from dnne_ros.sim.listed_tasks import ListedTask
from dnne_ros.sim.registry import Backend, Backends, backends

_LONG = 100
"""Tasks of a back end that are shown without being asked for; of more, only how many."""
_NARROW = 100
"""Columns of a table that goes into a file or a pipe."""

Rows = list[tuple[Backend, ListedTask]]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "tasks", help="list the tasks of the simulators",
        description="List the tasks of the installed simulators, with the sizes of observations "
                    "(by group) and actions and the steps until an episode times out, as far as "
                    "that is known before an environment is made; and how to install the others.",
        epilog="examples: dnne-ros tasks cheetah; dnne-ros tasks --backend envpool Panda")
    parser.add_argument("word", nargs="?", metavar="WORD",
                        help="only tasks with this in their names, in upper or lower case")
    parser.add_argument("--backend", metavar="B", help="only those of one back end")
    NODES.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table, and what is not in it."""
    load_catalogue(options.nodes)
    known = backends()
    asked = list(known) if options.backend is None else [_backend(known, options.backend)]
    there = [its for its in asked if its.installed]
    found, broken = _found(there)
    if options.backend is not None and broken:
        raise InputError("tasks", broken)
    rows, left_out = _chosen(found, options)
    rest = [f"{its.name}: {count} tasks, see dnne-ros tasks --backend {its.name}"
            for its, count in left_out.items()]
    rest += broken
    rest += [its.described for its in there if not its.tasks and not its.listing]
    rest += [its.described for its in asked if not its.installed]
    say("\n\n".join(filter(None, (_table(rows) if rows else "", "\n".join(rest)))))
    return 0


def _backend(known: Backends, name: str) -> Backend:
    """Return the back end of that name; `InputError` if there is none, or it is not installed."""
    if name not in known:
        names = [its.name for its in known]
        near = difflib.get_close_matches(name, names, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        raise InputError("tasks", [f"unknown back end {name!r}; {hint}"])
    if not known[name].installed:
        raise InputError("tasks", [f"back end {name!r} is not installed: {known[name].install}"])
    return known[name]


def _found(there: Iterable[Backend]) -> tuple[Rows, list[str]]:
    """Return all tasks, and a line about each back end that cannot tell: others still can."""
    found: Rows = []
    broken = []
    for its in there:
        try:
            found += [(its, task) for task in its.listed()]
        except InputError as error:
            broken.append(f"back end {its.name!r} cannot list its tasks: {error}")
        except Exception as error:  # a back end of other people's
            broken.append(f"back end {its.name!r} cannot list its tasks: {describe(error)}")
    return found, broken


def _chosen(found: Rows, options: argparse.Namespace) -> tuple[Rows, dict[Backend, int]]:
    """Return the tasks to show, and how many of a back end are too many for that.

    `InputError` if none has the word in its name.
    """
    if options.word is None:
        counts = {its: sum(other is its for other, _ in found) for its, _ in found}
        left_out = {its: count for its, count in counts.items()
                    if count > _LONG and options.backend is None}
        return [(its, task) for its, task in found if its not in left_out], left_out
    word = options.word.lower()
    rows = [(its, task) for its, task in found if word in task.name.lower()]
    if not rows:
        by_word = {task.name.lower(): task.name for _, task in found}
        near = difflib.get_close_matches(word, by_word, n=5, cutoff=0.5)
        hint = f"; near to it are {', '.join(by_word[each] for each in near)}" if near else ""
        raise InputError("tasks", [f"no task of the installed back ends has {options.word!r} in "
                                   f"its name{hint}"])
    return rows, {}


def _table(rows: Sequence[tuple[Backend, ListedTask]]) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table("TASK", "BACK END", "OBSERVATION", "ACTION", "STEPS", box=None, pad_edge=False)
    for column in table.columns:
        column.no_wrap = True
        column.overflow = "fold"
    for its, task in rows:
        action = _number(task.actions) + (" choices" if task.discrete else "")
        steps = "no limit" if task.horizon == 0 else _number(task.horizon)
        seen = ", ".join(f"{name} {size}" for name, size in task.groups)
        table.add_row(task.name, its.name, seen or _number(task.observations), action, steps)
    text = io.StringIO()
    Console(file=text, width=max(_NARROW, shutil.get_terminal_size().columns)).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
