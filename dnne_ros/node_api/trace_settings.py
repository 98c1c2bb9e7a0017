"""The parameters of every node about its recording."""

from __future__ import annotations

from collections.abc import Mapping

from dnne_ros.node_api.widget import Widget

TRACE_ON, SAVE = "trace.on", "trace.save"
TRACE: Mapping[str, Widget] = {
    TRACE_ON: Widget(
        False, "Whether what the node does with items is recorded: `dnne-ros trace`.", live=True),
    SAVE: Widget(
        False, "Each time that it is set to true, the last seconds of the graph are put aside as "
        "a flight record.", live=True)}
"""By parameter name."""
