"""What stands behind ``--ros-args``: checked before anything is started.

A process of a graph holds many nodes, so what renames *the* node of a process, as
``Node(name=…)`` of a launch file does, would rename them all alike.
"""

from __future__ import annotations

import difflib
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
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


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
        elif option == "--log-level" and value.rpartition(":=")[2].lower() not in LOG_LEVELS:
            problems.add(f"--log-level: expected one of {', '.join(LOG_LEVELS)}, or NODE:= and "
                         f"one of them, found {value!r:.80}")
        elif option == "--params-file" and not Path(value).is_file():
            problems.add(f"--params-file {value}: there is no such file")
    domain = environment.get("ROS_DOMAIN_ID", "")
    if domain and not (domain.isdecimal() and int(domain) <= _LARGEST_DOMAIN):
        problems.add(f"ROS_DOMAIN_ID: expected a number from 0 to {_LARGEST_DOMAIN}, found "
                     f"{domain!r:.40}")
    problems.raise_if_any()


def take_managed_name(words: Sequence[str], lifecycle: bool) -> tuple[str, list[str]]:
    """Return the name that ``words`` give a managed node, and the words without it.

    ``LifecycleNode(name=…)`` of a launch file renames *the* node of a process: that is the managed
    one, and the nodes of the graph keep their names.  "": nothing is said, or ``lifecycle`` is not
    asked for, and `check_ros_arguments` has a word on it.
    """
    name, kept = "", list(words)
    for place, word in enumerate(words[1:] if lifecycle else (), 1):
        rule, sign, target = word.partition(":=")
        if words[place - 1] in ("-r", "--remap") and rule in ("__node", "__name") and sign:
            name = target
            kept[place - 1] = kept[place] = ""
    return name, [word for word in kept if word]


def name_loggers(words: Sequence[str], graph: Graph) -> list[str]:
    """Return ``words`` with ``--log-level NODE:=LEVEL`` as rcl wants it: loggers in full."""
    namespace, names = graph.namespace, {node.ros_name for node in graph.nodes.values()}
    for option, value in _arguments(words, Problems("--ros-args")):
        if option == "--remap" and value.startswith("__ns:="):
            namespace = value.removeprefix("__ns:=")
    dotted = ".".join(filter(None, namespace.split("/")))
    full = []
    for place, word in enumerate(words):
        node, sign, level = word.partition(":=")
        of_level = place > 0 and words[place - 1] == "--log-level"
        full.append(f"{dotted}.{node}{sign}{level}" if of_level and sign and node in names
                    else word)
    return full


def misspelt_loggers(levels: Iterable[str], graph: Graph) -> list[str]:
    """Return a word on each of ``levels`` (``NODE:=LEVEL``) whose node looks like one there is.

    Others are loggers of libraries, of which nobody has a list.
    """
    names = [node.ros_name for node in graph.nodes.values()]
    said = []
    for level in levels:
        name, sign, _ = level.rpartition(":=")
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.8) if sign else []
        if near and name not in names:
            said.append(f"--log-level {level}: there is no node {name}; did you mean {near[0]}?")
    return said


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

    ``on_unknown`` is told of nodes, parameters and loggers that the graph does not have, which may
    be another's; without it nodes and parameters are problems, too.
    """
    namespace = absolute_namespace(words, graph)
    arguments = list(_arguments(words, Problems("--ros-args")))
    for option, value in arguments:
        if option == "--params-file":
            check_parameter_file(Path(value), graph, namespace, on_unknown)
    if on_unknown is not None:
        for said in misspelt_loggers(
                (value for option, value in arguments if option == "--log-level"), graph):
            on_unknown(said)
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
