"""Widgets as ROS parameters: descriptors, ranges, and which may change while running."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterException,
)
from rclpy.parameter import Parameter

from dnne_ros.errors import Problems
from dnne_ros.graph.replicas import COUNT, replica_settings
from dnne_ros.node_api.fault_settings import FAULT_SETTINGS
from dnne_ros.node_api.run_pause import PAUSED, pause_setting
from dnne_ros.node_api.trace_settings import SAVE, TRACE, TRACE_ON
from dnne_ros.node_api.widget import Widget, WidgetError

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode

    from dnne_ros.graph.graph import Graph, GraphNode
    from dnne_ros.runtime.node.node_host import NodeHost

_INT64 = 2**63 - 1
_FLOAT64 = sys.float_info.max


def describe_widget(widget: Widget) -> ParameterDescriptor:
    """Return the descriptor of a widget's parameter."""
    unit = f" [{widget.unit}]" if widget.unit else ""
    constraints = []
    if widget.choices:
        constraints.append("One of: " + ", ".join(widget.choices) + ".")
    if not widget.live:
        constraints.append(f"Fixed while the graph runs: {widget.fixed_because}.")
    descriptor = ParameterDescriptor(
        description=widget.doc + unit, additional_constraints=" ".join(constraints),
        read_only=not widget.live)
    if widget.minimum is not None or widget.maximum is not None:
        low, high = widget.minimum, widget.maximum
        if widget.kind is int:
            descriptor.integer_range = [IntegerRange(
                from_value=-_INT64 if low is None else int(low),
                to_value=_INT64 if high is None else int(high), step=0)]
        else:
            descriptor.floating_point_range = [FloatingPointRange(
                from_value=-_FLOAT64 if low is None else float(low),
                to_value=_FLOAT64 if high is None else float(high), step=0.0)]
    return descriptor


def declare_widgets(host: RosNode, widgets: Mapping[str, Widget], values: Mapping[str, Any],
                    problems: Problems) -> dict[str, Any]:
    """Declare a parameter for each widget and return the values that count.

    ``values`` are the workflow's; a value for the parameter on the command line or in a
    parameter file replaces them.  Values that do not fit go into ``problems``.
    """
    effective = {}
    for name, widget in widgets.items():
        where = f"parameter {name} of {host.get_fully_qualified_name()}"
        try:
            parameter = host.declare_parameter(name, values[name], describe_widget(widget))
            effective[name] = widget.check(parameter.value)
        except InvalidParameterTypeException as error:
            problems.add(f"{where}: expected {widget.expectation}, found {error}")
        except (InvalidParameterValueException, ParameterException, WidgetError) as error:
            problems.add(f"{where}: {error}")
    return effective


def changes_nothing(host: RosNode, parameter: Parameter[Any]) -> bool:
    """Tell whether a parameter has this value already, where setting it would be refused.

    `ros2 param load` of what `ros2 param dump` has written gives each parameter so: the read-only
    ones, and texts and numbers as what rclpy makes of them, which reads them twice: a quoted '10'
    becomes a number, and 1e-05 a text.
    """
    if not host.has_parameter(parameter.name):
        return False
    found = host.get_parameter(parameter.name).value
    if type(found) is not type(parameter.value):
        return bool(_read_again(str(found)) == parameter.value)
    return bool(host.describe_parameter(parameter.name).read_only and found == parameter.value)


def _read_again(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def settings_of(graph: Graph, node: GraphNode, values: Mapping[str, Any]) -> dict[str, Widget]:
    """Return what may be set at a node with ``values``, by parameter: may it change, and how."""
    widgets = node.type.widgets
    fixed = {name: replace(widgets[name], live=False, fixed_because=reason)
             for name, reason in node.type.fixed_with(values).items()}
    return {**TRACE, **FAULT_SETTINGS, PAUSED: pause_setting(graph.acting),
            **replica_settings(node.replicas), **widgets, **fixed}


def why_fixed(widgets: Mapping[str, Widget], parameters: Iterable[Parameter[Any]]) -> str:
    """Return why one of ``parameters`` cannot be set while the graph runs, or nothing."""
    for parameter in parameters:
        widget = widgets.get(parameter.name)
        if widget is not None and not widget.live:
            return (f"{parameter.name} cannot change while the graph runs: "
                    f"{widget.fixed_because}")
    return ""


def serve_changes(host: NodeHost) -> None:
    """Let what is live change while the graph runs, to what its widget takes."""
    def refuse(parameters: list[Parameter[Any]]) -> SetParametersResult:
        for parameter in parameters:
            widget = host.settings.get(parameter.name)
            if widget is None:
                continue
            try:
                widget.check(parameter.value)
            except WidgetError as error:
                return SetParametersResult(
                    successful=False, reason=f"{parameter.name}: {error}")
        return SetParametersResult(successful=True)

    def apply(parameters: list[Parameter[Any]]) -> None:
        node = host.node
        assert node is not None  # it is what changes are served for
        for parameter in parameters:
            if parameter.name in node.widgets:
                host.change_widget(parameter.name, parameter.value)
                host.on_widget_changed(parameter.name, parameter.value)
            elif parameter.name in FAULT_SETTINGS:
                host.faults[parameter.name] = parameter.value
                host.on_faults_changed()
            elif parameter.name == COUNT:
                host.on_scaled(parameter.value)
            elif parameter.name == PAUSED:
                host.on_paused(parameter.value)
            elif parameter.name == TRACE_ON:
                host.on_trace_changed(parameter.value)
            elif parameter.name == SAVE and parameter.value:
                host.on_save_wanted()

    host.add_on_set_parameters_callback(refuse)
    host.add_post_set_parameters_callback(apply)
