"""Launch arguments as the options of the ``graph_host`` executable, checked by its own parser."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import NoReturn

from dnne_ros.errors import Problems
from dnne_ros.launching.arguments import HOST_OPTIONS, read_flag, split_list
from dnne_ros.node_api.widget import WidgetError
from dnne_ros.options.option import Option


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
    parser.add_argument("workflow")
    for option in HOST_OPTIONS:
        option.add_to(parser)
    workflow = os.path.expanduser(values["workflow"])
    accepted: list[str] = []
    for option in HOST_OPTIONS:
        words = _words(option, values[option.name], problems)
        try:
            parser.parse_args([*words, "--", workflow])
        except _Refusal as refusal:
            problems.add(f"{option.name}:={values[option.name]}: {refusal}")
        else:
            accepted += words
    return parser.parse_args([*accepted, "--", workflow])


def _words(option: Option, text: str, problems: Problems) -> list[str]:
    if option.kind == "flag":
        try:
            return option.words(read_flag(text))
        except WidgetError as error:
            problems.add(f"{option.name}:={text}: {error}")
            return []
    if option.kind == "list":
        return option.words(split_list(text))
    return option.words((os.path.expanduser(text) if option.kind == "file" else text) or None)
