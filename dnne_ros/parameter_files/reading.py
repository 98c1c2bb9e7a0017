"""Reads ROS parameter files the way rcl does, so that what it would refuse is found early.

PyYAML alone would not do: to rcl ``1e-3`` is a number and ``0x10`` an integer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError, Problems

_TRUE = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
_FALSE = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_INTEGER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
                     r"|[+-]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_PARAMETERS = "ros__parameters"
_STRING_TAG = "tag:yaml.org,2002:str"


class _PlainLoader(yaml.SafeLoader):
    """Leaves unquoted values as they are; a tag of string was then asked for with !!str."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    DEFAULT_SCALAR_TAG = "plain"  # type: ignore[misc]  # final in the stubs, not in PyYAML


@dataclass(frozen=True)
class Assignment:
    """One parameter: for the nodes that ``pattern`` matches, at ``line`` of a file if not 0."""

    pattern: str
    name: str
    value: Any
    line: int = 0

    @property
    def place(self) -> str:
        """Say where it is, for the beginning of a message."""
        return f"line {self.line}: " if self.line else ""

    @property
    def is_specific(self) -> bool:
        """Tell whether the pattern names one node; such a value beats a wildcard's."""
        return "*" not in self.pattern

    def matches(self, node: str) -> bool:
        """Tell whether it is for the node with this full name."""
        return re.fullmatch(_as_regex(self.pattern), node) is not None


def read_parameter_file(path: Path) -> list[Assignment]:
    """Return what the file assigns, in its order; `InputError` naming all that is wrong."""
    try:
        document = yaml.compose(read_file(path).decode(), Loader=_PlainLoader)
    except OSError as error:
        raise InputError(str(path), [f"cannot read the parameters: {error.strerror}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(str(path), [f"not YAML: {_in_a_line(error)}"]) from None
    problems = Problems(str(path))
    assignments = list(_nodes_in(document, "", problems))
    problems.raise_if_any()
    return assignments


def read_value(text: str) -> Any:
    """Return what ``text`` stands for behind ``NAME:=``; ValueError if it is no value."""
    try:
        tree = yaml.compose(text, Loader=_PlainLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {_in_a_line(error)}") from None
    if isinstance(tree, yaml.SequenceNode):
        return [_scalar(item) for item in tree.value]
    if not isinstance(tree, yaml.ScalarNode):
        raise ValueError(f"expected one value or a list of them, found {text!r:.60}")
    return _scalar(tree)


def _in_a_line(error: Exception) -> str:
    """Return what PyYAML says in several lines, with its quotation of the file, in one."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    said = ", ".join(filter(None, (getattr(error, "context", ""), getattr(error, "problem", ""))))
    return f"line {mark.line + 1}, column {mark.column + 1}: {said}"


def _as_regex(pattern: str) -> str:
    pieces = re.split(r"(/\*\*|/\*)", pattern)
    known = {"/**": r"(/\w+)*", "/*": r"/\w+"}
    return "".join(known.get(piece, re.escape(piece)) for piece in pieces)


def _nodes_in(tree: yaml.Node | None, prefix: str, problems: Problems) -> Iterator[Assignment]:
    if not isinstance(tree, yaml.MappingNode):
        line = f"line {tree.start_mark.line + 1}: " if tree is not None else ""
        problems.add(f"{line}expected NODE: {{{_PARAMETERS}: {{NAME: VALUE}}}}"
                     f"{f' below {prefix}' if prefix else ''}")
        return
    for key, value in tree.value:
        name = str(key.value)
        if name != _PARAMETERS:
            yield from _nodes_in(value, f"{prefix}/{name.strip('/')}", problems)
        elif not prefix:
            problems.add(f"line {key.start_mark.line + 1}: {_PARAMETERS} is not below a node; "
                         f"expected /**: {{{_PARAMETERS}: …}} for all nodes")
        else:
            yield from _parameters_in(value, prefix, "", problems)


def _parameters_in(tree: yaml.Node, pattern: str, prefix: str, problems: Problems
                   ) -> Iterator[Assignment]:
    if not isinstance(tree, yaml.MappingNode):
        problems.add(f"line {tree.start_mark.line + 1}: expected {{NAME: VALUE}} below "
                     f"{_PARAMETERS} of {pattern}")
        return
    for key, value in tree.value:
        name = f"{prefix}{key.value}"
        line = key.start_mark.line + 1
        if isinstance(value, yaml.MappingNode):
            yield from _parameters_in(value, pattern, f"{name}.", problems)
        elif isinstance(value, yaml.SequenceNode):
            yield Assignment(pattern, name, [_scalar(item) for item in value.value], line)
        elif value.value == "" and value.style is None:
            problems.add(f"line {line}: {name} of {pattern} has no value")
        else:
            yield Assignment(pattern, name, _scalar(value), line)


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if getattr(node, "style", None) is not None or node.tag == _STRING_TAG:
        return text
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        digits = text.lstrip("+-")
        return int(digits, _base(digits)) * (-1 if text[0] == "-" else 1)
    if _NUMBER.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _base(digits: str) -> int:
    if digits[:2] in ("0x", "0X"):
        return 16
    return 8 if digits.startswith("0") else 10
