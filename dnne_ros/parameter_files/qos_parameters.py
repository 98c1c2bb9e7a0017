"""Checks parameters such as ``qos_overrides./scan.subscription.reliability`` before a start.

A process looks for those of its own topics alone: of all others, one that is misspelt too, it
never knows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dnne_ros.graph.graph import GraphNode
from dnne_ros.node_api.widget import Widget

QOS_OVERRIDES = "qos_overrides."
_NAME = re.compile(r"qos_overrides\.(?P<topic>/[^.]+)\.(?P<end>publisher|subscription)"
                   r"\.(?P<policy>[^.]+)")
_POLICIES: Mapping[str, Widget] = {
    "history": Widget("keep_last", choices=("keep_last", "keep_all", "system_default")),
    "depth": Widget(1, minimum=1),
    "reliability": Widget("reliable", choices=(
        "reliable", "best_effort", "system_default", "best_available")),
    "durability": Widget("volatile", choices=(
        "volatile", "transient_local", "system_default", "best_available")),
}
"""What ROS knows of them; keep_all is refused for topics of a graph, and may be another's."""


def check_qos_override(name: str, value: Any) -> None:
    """Raise `WidgetError` for a value that the policy which ``name`` names cannot have."""
    if (said := _NAME.fullmatch(name)) and said["policy"] in _POLICIES:
        widget = _POLICIES[said["policy"]]
        widget.check(value.lower() if widget.choices and isinstance(value, str) else value)


def unknown_qos_override(name: str, nodes: Iterable[tuple[str, GraphNode]]) -> str:
    """Return why ``name`` changes nothing at ``nodes`` (of these full names); "" if it may.

    What is remapped has a name that is not known here, so a topic is unknown only if it looks like
    one that the nodes have.
    """
    said = _NAME.fullmatch(name)
    if said is None:
        return f"expected {QOS_OVERRIDES}/TOPIC.publisher or subscription and .POLICY behind it"
    if said["policy"] not in _POLICIES:
        return f"expected one of {', '.join(_POLICIES)} behind {said['end']}"
    ends = [each for full_name, node in nodes for each in _ends(full_name, node)]
    topics = {topic for topic, _ in ends}
    if said["topic"] not in topics:
        near = difflib.get_close_matches(said["topic"], topics, n=1, cutoff=0.8)
        return f"did you mean the topic {near[0]}?" if near else ""
    if (said["topic"], said["end"]) not in ends:
        other = "subscription" if said["end"] == "publisher" else "publisher"
        return f"the graph has a {other} there and no {said['end']}"
    return ""


def _ends(full_name: str, node: GraphNode) -> Iterator[tuple[str, str]]:
    """Yield (topic, which end of it) of all that a node has, as nobody has remapped it."""
    namespace = full_name.rpartition("/")[0]
    for use in node.type.ros_topics(node.values):
        name = re.sub(r"^~", full_name, use.name)
        yield (name if name.startswith("/") else f"{namespace}/{name}",
               "publisher" if use.publishes else "subscription")
    yield from ((f"{full_name}/{port}", "publisher") for port in node.type.outputs)
    yield from ((f"{full_name}/{port}", "subscription") for port in node.type.inputs)
