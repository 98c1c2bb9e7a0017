"""What stands behind ``--ros-args``: checked before anything is started.

A process of a graph holds many nodes, so what renames *the* node of a process, as
``Node(name=…)`` of a launch file does, would rename them all alike.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.parameter_files.checking import check_assignments, check_parameter_file
from dnne_ros.parameter_files.reading import Assignment, read_value
from dnne_ros.security.enclaves import enclave_name

_WITH_VALUE = {"-r": "--remap", "--remap": "--remap", "-p": "--param", "--param": "--param",
               "--params-file": "--params-file", "--log-level": "--log-level",
               "--log-config-file": "--log-config-file", "--log-file-name": "--log-file-name",
               "-e": "--enclave", "--enclave": "--enclave"}
_ALONE = tuple(f"--{able}-{what}" for able in ("enable", "disable")
               for what in ("rosout-logs", "stdout-logs", "external-lib-logs"))
_NAMESPACE = re.compile(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+")
_PARAMETER = re.compile(r"(?P<node>[A-Za-z_]\w*:)?(?P<name>[^:\s]+):=(?P<value>.+)", re.DOTALL)
_LARGEST_DOMAIN = 232


def check_ros_arguments(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Raise `InputError` for ROS arguments that rcl refuses or that cannot mean a graph.

    ``words``: the command line from ``--ros-args`` on; there may be more than one such part.
    """
    problems = Problems("--ros-args")
    for option, value in _arguments(words, problems):
        if option == "--remap":
            for message in remap_problems(value):
                problems.add(message)
        elif option == "--param" and not _PARAMETER.fullmatch(value):
            problems.add(f"--param: expected NAME:=VALUE or NODE:NAME:=VALUE, found {value!r:.80}")
        elif option == "--params-file" and not Path(value).is_file():
            problems.add(f"--params-file {value}: there is no such file")
    domain = environment.get("ROS_DOMAIN_ID", "")
    if domain and not (domain.isdecimal() and int(domain) <= _LARGEST_DOMAIN):
        problems.add(f"ROS_DOMAIN_ID: expected a number from 0 to {_LARGEST_DOMAIN}, found "
                     f"{domain!r:.40}")
    problems.raise_if_any()


def remap_problems(rule: str) -> list[str]:
    """Return what is wrong with one remapping rule, ``FROM:=TO``."""
    source, sign, target = rule.partition(":=")
    if not sign or not source or not target:
        return [f"remapping: expected FROM:=TO, found {rule!r:.80}"]
    name = source.rpartition(":")[2]
    if name in ("__node", "__name"):
        return [f"{rule}: a graph's nodes have the names that the workflow gives them, and a "
                "process has many; to tell two copies of a graph apart, write __ns:=/another, to "
                "rename a topic, NODE/PORT:=/topic; in a launch file, leave name= out"]
    if name == "__ns":
        if source != "__ns":
            return [f"{rule}: one node of a graph cannot leave the namespace of the others"]
        if not _NAMESPACE.fullmatch(target):
            return [f"{rule}: expected an absolute namespace of letters, digits and underscores, "
                    "such as /robot1"]
    return []


def absolute_namespace(words: Sequence[str], graph: Graph) -> str:
    """Return the namespace of the graph's nodes; of several rules rcl takes the first."""
    for option, value in _arguments(words, Problems("--ros-args")):
        if option == "--remap" and value.startswith("__ns:="):
            return "/" + value.removeprefix("__ns:=").strip("/")
    return f"/{graph.namespace}"


def enclaves_of(words: Sequence[str], graph: Graph, processes: Iterable[str]) -> dict[str, str]:
    """Return the security enclave of each process: its own, or the one that ``words`` name."""
    named = [value for option, value in _arguments(words, Problems("--ros-args"))
             if option == "--enclave"]
    namespace = absolute_namespace(words, graph)
    return {process: named[-1] if named else enclave_name(namespace, process)
            for process in processes}


def check_parameter_files(words: Sequence[str], graph: Graph,
                          on_unknown: Callable[[str], None] | None = None) -> None:
    """Raise `InputError` for parameters, in a file or behind ``-p``, that do not fit.

    ``on_unknown`` is told of nodes and parameters that the graph does not have, which may be
    another's; without it they are problems, too.
    """
    namespace = absolute_namespace(words, graph)
    arguments = list(_arguments(words, Problems("--ros-args")))
    for option, value in arguments:
        if option == "--params-file":
            check_parameter_file(Path(value), graph, namespace, on_unknown)
    problems = Problems("--ros-args")
    given = [assignment for option, value in arguments if option == "--param"
             for assignment in _assigned(value, problems)]
    problems.raise_if_any()
    check_assignments("--ros-args", given, graph, namespace, on_unknown)


def _assigned(rule: str, problems: Problems) -> Iterator[Assignment]:
    """Yield what ``NAME:=VALUE`` or ``NODE:NAME:=VALUE`` assigns, if it is a rule."""
    said = _PARAMETER.fullmatch(rule)
    if said is None:
        return
    node = said["node"]
    try:
        yield Assignment(f"/{node[:-1]}" if node else "/**", said["name"],
                         read_value(said["value"]))
    except ValueError as error:
        problems.add(f"--param {rule:.80}: {error}")


def _arguments(words: Sequence[str], problems: Problems) -> Iterator[tuple[str, str]]:
    """Yield (option, value) of each ROS argument; ("", …) is never among them."""
    left = iter(words)
    inside = False
    for word in left:
        if word == "--ros-args":
            inside = True
        elif word == "--":
            inside = False
        elif not inside:
            problems.add(f"expected --ros-args before {word!r:.80}")
        elif word in _WITH_VALUE:
            value = next(left, None)
            if value is None:
                problems.add(f"{word}: expected a value behind it")
                return
            yield _WITH_VALUE[word], value
        elif word not in _ALONE:
            problems.add(f"unknown ROS argument {word!r:.80}; there are "
                         f"{', '.join(dict.fromkeys(_WITH_VALUE.values()))} with a value, "
                         f"{', '.join(_ALONE)}")
