"""Launch arguments as the options of the ``graph_host`` executable, checked by its own parser."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from typing import NoReturn

from dnne_ros.errors import Problems
from dnne_ros.launching.arguments import ARGUMENTS, Argument, read_flag, split_list
from dnne_ros.node_api.widget import WidgetError
from dnne_ros.options.run_arguments import add_run_arguments
from dnne_ros.options.workflow_arguments import add_workflow_arguments


class _Refusal(Exception):
    """What argparse would print before it leaves the whole program."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Refusal(message)


def host_options(values: Mapping[str, str], problems: Problems) -> argparse.Namespace:
    """Return the options that ``values`` (of the launch arguments) stand for.

    A value that does not fit becomes a problem, and counts as not given.
    """
    parser = _Parser(prog="host", add_help=False, allow_abbrev=False)
    add_workflow_arguments(parser)
    add_run_arguments(parser)
    workflow = os.path.expanduser(values["workflow"])
    accepted: list[str] = []
    for argument in ARGUMENTS:
        words = list(_words(argument, values[argument.name], problems))
        try:
            parser.parse_args([*words, "--", workflow])
        except _Refusal as refusal:
            problems.add(f"{argument.name}:={values[argument.name]}: {refusal}")
        else:
            accepted += words
    return parser.parse_args([*accepted, "--", workflow])


def _words(argument: Argument, text: str, problems: Problems) -> Iterator[str]:
    if not argument.option or not text:
        return
    if argument.kind == "flag":
        try:
            if read_flag(text):
                yield argument.option
        except WidgetError as error:
            problems.add(f"{argument.name}:={text}: {error}")
        return
    for piece in split_list(text) if argument.kind == "list" else [text]:
        value = os.path.expanduser(piece) if argument.kind == "file" else piece
        yield f"{argument.option}={value}"  # one word, as a value may start with a dash
