"""The rclpy node of a graph node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node as RosNode
from rclpy.parameter import Parameter

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.graph.replicas import COUNT, replica_settings
from dnne_ros.node_api.fault_settings import FAULT_SETTINGS, default_fault_settings
from dnne_ros.node_api.run_pause import PAUSED, check_pause
from dnne_ros.node_api.trace_settings import SAVE, TRACE, TRACE_ON
from dnne_ros.node_api.widget import WidgetError
from dnne_ros.runtime.node.parameters import (
    changes_nothing,
    declare_widgets,
    describe_widget,
    serve_changes,
    settings_of,
    why_fixed,
)
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.qos_overrides import qos_overrides

if TYPE_CHECKING:
    from rclpy.context import Context
    from rclpy.publisher import Publisher
    from rclpy.qos import QoSProfile

    from dnne_ros.node_api.node import Node


_WITHOUT_LEAK = [Parameter("start_type_description_service", value=False)]
"""rclpy (9.1) never ends that service: its two ends on DDS, 90 kB, outlive the node, and everybody
in the ROS graph goes on seeing them."""


class NodeHost(RosNode):
    """The only subclass of an rclpy node: the ROS side of one graph node.

    Edge topics are relative to the graph's namespace (``ppo_agent_3/policy_output``), on both
    ends, so that remapping the namespace moves a whole graph.
    """

    def __init__(self, graph: Graph, node: GraphNode, context: Context, *, fleeting: bool = False):
        """Create the rclpy node, without parameters and topics yet.

        ``fleeting``: it will be destroyed while the context lives on.
        """
        super().__init__(node.ros_name, namespace=graph.namespace, context=context,
                         parameter_overrides=_WITHOUT_LEAK if fleeting else None)
        self.graph_node = node
        self.node: Node | None = None
        """The node that parameters change; another one after a restart."""
        self.faults = default_fault_settings()
        self.on_faults_changed: Callable[[], None] = lambda: None
        self.settings = settings_of(graph, node, node.values)
        """What parameters may be set to, and which of them not while the graph runs."""
        self.on_paused: Callable[[bool], None] = lambda paused: None
        self.traced = False
        """Whether what the node does with items is recorded."""
        self.on_trace_changed: Callable[[bool], None] = lambda on: None
        self.replicas = 0
        """How many replicas there are to be, of a node that has any."""
        self.on_scaled: Callable[[int], None] = lambda count: None
        self.change_widget: Callable[[str, Any], None] = self._change_widget
        """Lets a live widget of the node have another value."""
        self.on_widget_changed: Callable[[str, Any], None] = lambda name, value: None
        """Called when a widget has got another value."""
        self.on_save_wanted: Callable[[], None] = lambda: None
        self._graph = graph

    def declare(self, problems: Problems, traced: bool = False) -> dict[str, Any]:
        """Declare the parameters of widgets, faults and run; return the values of the widgets.

        ``traced``: the node is recorded, unless its parameter says otherwise.
        """
        node = self.graph_node
        self.traced = declare_widgets(self, TRACE, {TRACE_ON: traced, SAVE: False},
                                      problems).get(TRACE_ON, False)
        self.faults.update(declare_widgets(self, FAULT_SETTINGS, node.faults, problems))
        pausing = {PAUSED: self.settings[PAUSED]}
        paused = declare_widgets(self, pausing, {PAUSED: False}, problems)
        try:
            check_pause(self.settings[PAUSED], paused.get(PAUSED, False))
        except WidgetError as error:
            problems.add(f"parameter {PAUSED} of {self.get_fully_qualified_name()}: {error}")
        replicas = replica_settings(node.replicas)
        self.replicas = declare_widgets(
            self, replicas, {name: each.default for name, each in replicas.items()},
            problems).get(COUNT, 0)
        values = declare_widgets(self, node.type.widgets, node.values, problems)
        # Which may change follows from values that are known only now.
        known = {**node.values, **values}
        self.settings = settings_of(self._graph, node, known)
        for name in values.keys() & node.type.fixed_with(known):
            descriptor = describe_widget(self.settings[name])
            descriptor.type = self.describe_parameter(name).type
            self.set_descriptor(name, descriptor)
        return values

    def serve(self, node: Node) -> None:
        """Let parameters change ``node``, and no other one any more."""
        if self.node is None:
            serve_changes(self)
        self.node = node

    def _change_widget(self, name: str, value: Any) -> None:
        assert self.node is not None  # it is what changes are served for
        self.node.values[name] = value
        self.node.widget_changed(name)

    def set_parameters_atomically(self, parameter_list: list[Parameter[Any]]
                                  ) -> SetParametersResult:
        """Set what may change; of what may not, its own value is taken, another refused."""
        changes = [each for each in parameter_list if not changes_nothing(self, each)]
        if reason := why_fixed(self.settings, changes):
            return SetParametersResult(successful=False, reason=reason)
        if not changes:
            return SetParametersResult(successful=True)
        return super().set_parameters_atomically(changes)

    def topic(self, port: str) -> str:
        """Return the topic of an output, relative to the namespace."""
        return f"{self.graph_node.ros_name}/{port}"

    def advertise(self, port: str, codec: Codec, qos: QoSProfile, *, within: bool
                  ) -> Publisher[Any]:
        """Return the publisher of an output's topic.

        ``within``: nodes of the graph take the output, and its topic is a window.  One that is for
        others alone has a QoS that they may choose; `InputError` for one that cannot be.
        """
        topic = self.topic(port)
        with qos_overrides(topic) as options:
            return self.create_publisher(
                codec.message_type(), topic, qos,
                event_callbacks=PublisherEventCallbacks(use_default_callbacks=not within),
                qos_overriding_options=None if within else options)


def twins_of(hosts: Sequence[RosNode]) -> list[str]:
    """Return the full names of those ``hosts`` whose name another running node has too."""
    visible = [f"{space.rstrip('/')}/{name}"
               for name, space in hosts[0].get_node_names_and_namespaces()]
    return [name for name in (host.get_fully_qualified_name() for host in hosts)
            if visible.count(name) > 1]
