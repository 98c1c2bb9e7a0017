"""What rqt_graph draws, by the calls that it makes and the rules that it has.

Of rqt_graph 1.5 (``rosgraph2_impl.Graph`` and ``dotcode.RosGraphDotcodeGenerator``) as it opens:
nodes only, with the debugging ones hidden.
"""

from collections import defaultdict
from dataclasses import dataclass

from rclpy.node import NodeNameNonExistentError
from rclpy.qos import QoSCompatibility, qos_check_compatible

_QUIET = ("/diag_agg", "/runtime_logger", "/pr2_dashboard", "/rviz", "/rosout", "/cpu_monitor",
          "/monitor", "/hd_monitor", "/rxloggerlevel", "/clock", "/rqt", "/statistics")


@dataclass
class Picture:
    """What is seen."""

    nodes: set[str]
    lines: set[tuple[str, str, str]]
    """(node that publishes, topic, node that subscribes), by full names."""
    red: set[str]
    """Topics whose publishers and subscriptions do not fit, hidden ones too."""


def picture(looker):
    """Return what rqt_graph draws as the node ``looker``; None while DDS still finds nodes."""
    names = [_full(name, space) for name, space in looker.get_node_names_and_namespaces()]
    publishers, subscriptions = defaultdict(list), defaultdict(list)
    try:
        for name, space in looker.get_node_names_and_namespaces():
            for topic, _ in looker.get_publisher_names_and_types_by_node(name, space):
                publishers[topic].append(_full(name, space))
            for topic, _ in looker.get_subscriber_names_and_types_by_node(name, space):
                subscriptions[topic].append(_full(name, space))
    except NodeNameNonExistentError:
        return None
    lines = {(start, topic, end) for topic, starts in publishers.items() for start in starts
             for end in subscriptions.get(topic, ())}
    return Picture(
        {name for name in names if _shown(name)},
        {line for line in lines if _shown(line[0]) and _shown(line[2])
         and line[1] not in ("/time", "/clock", "/rosout", "/statistics")},
        {topic for topic in publishers if not _fits(looker, topic)})


def _full(name, space):
    return f"{space.rstrip('/')}/{name}"


def _shown(name):
    return not any(quiet in name for quiet in _QUIET) and "/_" not in name[name.rfind("/"):]


def _fits(looker, topic):
    return not any(
        qos_check_compatible(source.qos_profile, end.qos_profile)[0] == QoSCompatibility.ERROR
        for source in looker.get_publishers_info_by_topic(topic)
        for end in looker.get_subscriptions_info_by_topic(topic))
