"""The rclpy node that processes of a graph speak through, beside the nodes that users see.

Its name begins with an underscore, which ROS means by hidden: `ros2 node list` and rqt_graph leave
it out, and with it the topics between processes, which rqt_graph would draw otherwise.
"""

from __future__ import annotations

from rclpy.node import Node as RosNode
from rclpy.parameter import Parameter

from dnne_ros.runtime.node.node_host import NodeHost


def hidden_node(host: NodeHost, namespace: str) -> RosNode:
    """Return a node in the context and, before remapping, the ``namespace`` of ``host``.

    It has no parameters that others could set, no services, and no clock but the machine's.
    """
    return RosNode(f"_{host.get_name()}", namespace=namespace, context=host.context,
                   start_parameter_services=False, parameter_overrides=[
                       Parameter("use_sim_time", value=False),
                       Parameter("start_type_description_service", value=False)])
