"""Checks a ROS parameter file against the nodes of a graph, before anything is started."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.graph.replicas import replica_settings
from dnne_ros.node_api.declarations import PARAMETERS_OF_EVERY_NODE
from dnne_ros.node_api.fault_settings import FAULT_SETTINGS
from dnne_ros.node_api.own_ports import port_changes
from dnne_ros.node_api.run_pause import PAUSED, check_pause, pause_setting
from dnne_ros.node_api.trace_settings import TRACE
from dnne_ros.node_api.widget import Widget, WidgetError
from dnne_ros.parameter_files.qos_parameters import (
    QOS_OVERRIDES,
    check_qos_override,
    unknown_qos_override,
)
from dnne_ros.parameter_files.reading import Assignment, read_parameter_file


def check_parameter_file(path: Path, graph: Graph, namespace: str,
                         on_unknown: Callable[[str], None] | None = None) -> None:
    """Raise `InputError` if the file has unknown nodes or parameters, or values that do not fit.

    ``namespace`` is the absolute one that the graph's nodes will live in.  With ``on_unknown``,
    what is unknown is told there instead: it may be meant for others.
    """
    check_assignments(str(path), read_parameter_file(path), graph, namespace, on_unknown)


def check_assignments(source: str, assignments: Iterable[Assignment], graph: Graph,
                      namespace: str, on_unknown: Callable[[str], None] | None = None) -> None:
    """Do the same with parameters that come from ``source``, a file or the command line."""
    assignments = list(assignments)
    problems = Problems(source)
    nodes = {f"{namespace.rstrip('/')}/{node.ros_name}": node for node in graph.nodes.values()}
    unknown = Problems(source)
    for assignment in assignments:
        _check_target(assignment, nodes, problems if on_unknown is None else unknown)
        _check_qos(assignment, nodes, problems)
    for problem in unknown:
        assert on_unknown is not None  # or there would be none
        on_unknown(f"{source}: {problem}")
    settings = {**FAULT_SETTINGS, **TRACE, PAUSED: pause_setting(graph.acting)}
    for full_name, node in nodes.items():
        mine = [each for each in assignments if each.matches(full_name)]
        _check_values(full_name, node, {**settings, **replica_settings(node.replicas)}, mine,
                      problems)
    problems.raise_if_any()


def _check_target(assignment: Assignment, nodes: dict[str, GraphNode], problems: Problems
                  ) -> None:
    matched = [node for name, node in nodes.items() if assignment.matches(name)]
    if not matched:
        problems.add(f"no node {assignment.pattern}; there are {', '.join(nodes)}"
                     f"{_hint(assignment, nodes)}")
    elif assignment.name.startswith(QOS_OVERRIDES):
        if reason := unknown_qos_override(assignment.name, [
                (name, node) for name, node in nodes.items() if assignment.matches(name)]):
            problems.add(f"{assignment.place}{assignment.name}: {reason}")
    elif not _is_of_every_node(assignment.name) and not any(
            assignment.name in {**node.type.widgets, **replica_settings(node.replicas)}
            for node in matched):
        known = sorted({name for node in matched for name in node.type.widgets})
        if "." in assignment.name:
            known += [*FAULT_SETTINGS, PAUSED, *TRACE]
        near = difflib.get_close_matches(assignment.name, known, n=1)
        hint = (f"did you mean {near[0]}?" if near else
                f"it has {', '.join(known) or 'none'}")
        problems.add(f"{assignment.place}{assignment.pattern} has no parameter "
                     f"{assignment.name!r}; {hint}")


def _check_qos(assignment: Assignment, nodes: Iterable[str], problems: Problems) -> None:
    """Check what each node reads as it is made, once for all of them."""
    if any(assignment.matches(name) for name in nodes):
        try:
            check_qos_override(assignment.name, assignment.value)
        except WidgetError as error:
            problems.add(f"{assignment.place}{assignment.name}: {error}")


def _hint(assignment: Assignment, nodes: Iterable[str]) -> str:
    last = assignment.pattern.rpartition("/")[2]
    anywhere = f"/**/{last}"
    if not assignment.line:
        # rcl takes no namespace behind -p.
        return "; nodes in a namespace are reached by --set or a parameter file"
    return f"; {anywhere} would match in any namespace" if any(
        name.rpartition("/")[2] == last for name in nodes) else ""


def _check_values(full_name: str, node: GraphNode, settings: Mapping[str, Widget],
                  assignments: list[Assignment], problems: Problems) -> None:
    values = dict(node.values)
    for assignment in sorted(assignments, key=lambda each: each.is_specific):
        widget = settings.get(assignment.name) or node.type.widgets.get(assignment.name)
        if widget is None:
            continue
        try:
            value = _checked(widget, assignment.value)
            if assignment.name == PAUSED:
                check_pause(widget, value)
            if assignment.name in values:
                values[assignment.name] = value
        except WidgetError as error:
            problems.add(f"{assignment.place}{assignment.name} of {full_name}: {error}")
    messages = node.type.validate_parameters(values) or port_changes(node.type, values)
    for message in messages:
        problems.add(f"{full_name}: {message}")


def _checked(widget: Widget, value: Any) -> Any:
    """Return the value; a ROS parameter, unlike JSON, tells 1 from 1.0."""
    if widget.kind is float and type(value) is int:
        raise WidgetError(f"expected {widget.expectation} with a decimal point, found {value}")
    if widget.kind is int and type(value) is float:
        raise WidgetError(f"expected {widget.expectation}, found {value}")
    return widget.check(value)


def _is_of_every_node(name: str) -> bool:
    return name in (*PARAMETERS_OF_EVERY_NODE, *FAULT_SETTINGS, PAUSED, *TRACE)
