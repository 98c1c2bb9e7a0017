"""What a launch asks for, checked as a whole before anything is started."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from launch_ros.utilities import make_namespace_absolute, prefix_namespace
from rclpy.exceptions import InvalidNamespaceException
from rclpy.validate_namespace import validate_namespace

from dnne_ros.errors import DnneError, InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.launching.arguments import read_flag, split_list
from dnne_ros.launching.host_options import host_options
from dnne_ros.node_api.widget import WidgetError
from dnne_ros.options.limits import limited
from dnne_ros.options.managed import check_managed
from dnne_ros.options.run_arguments import (
    check_checkpoints,
    check_host_options,
    run_settings,
    run_words,
)
from dnne_ros.options.run_key import shared_run_key
from dnne_ros.options.workflow_arguments import load_graph, workflow_words
from dnne_ros.parameter_files.checking import check_parameter_file
from dnne_ros.parameter_files.ros_arguments import (
    check_ros_arguments,
    misspelt_loggers,
    remap_problems,
)
from dnne_ros.placement.placement import Placement
from dnne_ros.placement.planning import place
from dnne_ros.security.enclaves import enclave_name
from dnne_ros.security.environment import check_security

_Result = TypeVar("_Result")
_REMAP = re.compile(r"([^\s:=]+:)?[^\s:=]+:=[^\s:=]+")


class LaunchRefused(DnneError):
    """The launch arguments or the files they name are wrong: one report of all of it."""

    exit_code = 2


@dataclass(frozen=True)
class LaunchRequest:
    """A checked graph, its placement, and how its processes are to be started.

    ``words`` are the arguments of the ``graph_host`` executable, without the name of the process.
    ``here`` are the processes that run on this host, ``run_key`` is what it shares with others.
    ``namespace`` is absolute and ends with the graph's own.  ``warnings`` are about parameters
    that may be meant for another graph.
    """

    graph: Graph
    placement: Placement
    here: Mapping[str, Sequence[str]]
    run_key: str
    words: tuple[str, ...]
    namespace: str
    remappings: tuple[tuple[str, str], ...]
    params_file: str
    use_sim_time: bool
    respawn: bool
    lifecycle: bool
    log_levels: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, str], outer_namespace: str | None = None
             ) -> LaunchRequest:
        """Check ``values`` (of the launch arguments) and return the request.

        ``outer_namespace`` is the one that an including launch file has pushed.  Raises
        `LaunchRefused` with everything that is wrong.
        """
        reading = _Reading(values)
        options = host_options(values, reading.problems)
        use_sim_time = reading.flag("use_sim_time")
        log_levels = reading.log_levels()
        remappings = reading.remappings()
        graph = reading.attempt(load_graph, options)
        reading.attempt(check_checkpoints, options, graph)
        if graph:
            reading.attempt(limited, graph, run_settings(options))
            reading.attempt(check_managed, graph, run_settings(options))
        placement = reading.attempt(place, graph, options.place or "") if graph else None
        reading.attempt(check_host_options, run_settings(options))
        here = reading.attempt(placement.on_host, options.host) if placement else None
        key = reading.attempt(shared_run_key, options.host, options.key_file) \
            if options.host else ""
        namespace = reading.namespace(outer_namespace, graph.namespace if graph else "graph")
        params_file = os.path.expanduser(values["params_file"])
        warnings = misspelt_loggers(log_levels, graph) if graph else []
        if params_file and graph:
            reading.attempt(check_parameter_file, Path(params_file), graph, namespace,
                            warnings.append)
        if graph and placement:
            reading.attempt(check_security, {process: enclave_name(namespace, process)
                                             for process in placement.processes})
        reading.refuse_if_wrong()
        assert graph and placement and here and key is not None  # else something is wrong
        return cls(graph, placement, here, key, _words(options), namespace, remappings,
                   params_file, use_sim_time, options.respawn, options.lifecycle, log_levels,
                   tuple(warnings))


def _words(options: argparse.Namespace) -> tuple[str, ...]:
    return (*workflow_words(options), *run_words(options))


class _Reading:
    """Reads the arguments one by one and goes on after a wrong one."""

    def __init__(self, values: Mapping[str, str]):
        self.values = values
        self.problems = Problems("launch arguments")
        self._refusals: list[str] = []

    def attempt(self, check: Callable[..., _Result], *arguments: object) -> _Result | None:
        try:
            return check(*arguments)
        except InputError as error:
            self._refusals.append(str(error))
            return None

    def flag(self, name: str) -> bool:
        try:
            return read_flag(self.values[name])
        except WidgetError as error:
            self._add(name, str(error))
            return False

    def log_levels(self) -> tuple[str, ...]:
        levels = split_list(self.values["log_level"])
        try:
            check_ros_arguments(["--ros-args", *(word for level in levels
                                                 for word in ("--log-level", level))], {})
        except InputError as error:
            for problem in error.problems:
                self._add("log_level", str(problem).removeprefix("--log-level: "))
        return tuple(levels)

    def remappings(self) -> tuple[tuple[str, str], ...]:
        rules = []
        for rule in split_list(self.values["remap"]):
            if not _REMAP.fullmatch(rule):
                self._add("remap", f"expected FROM:=TO, found {rule!r:.80}")
                continue
            for message in remap_problems(rule):
                self._add("remap", message)
            source, _, target = rule.partition(":=")
            rules.append((source, target))
        return tuple(rules)

    def namespace(self, outer: str | None, own: str) -> str:
        asked = self.values["namespace"]
        inner = prefix_namespace(asked.rstrip("/") or asked[:1], own)
        full: str = make_namespace_absolute(prefix_namespace(outer, inner))
        try:
            validate_namespace(full)
        except InvalidNamespaceException as error:
            self._add("namespace", str(error).splitlines()[0].rstrip(":"))
        return full

    def refuse_if_wrong(self) -> None:
        if len(self.problems):
            self._refusals.insert(0, str(InputError(self.problems.source, self.problems)))
        if self._refusals:
            raise LaunchRefused("\n".join(self._refusals))

    def _add(self, name: str, message: str) -> None:
        self.problems.add(f"{name}:={self.values[name]}: {message}")
