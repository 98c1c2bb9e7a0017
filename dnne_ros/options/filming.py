"""Whether a graph has what ``--video`` films, and what its nodes are told of it."""

from __future__ import annotations

import importlib.util

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.video import Video
from dnne_ros.options.run_settings import RunSettings

HORIZON_WIDGET = "horizon_length"
"""What a node that learns from steps of environments has."""
_INSTALL = "PyAV is not installed: pip install 'dnne_ros[video]'"


def asked_video(graph: Graph, settings: RunSettings) -> Video | None:
    """Return what ``settings`` ask to be filmed; None: nothing.

    Raises `InputError` if the graph has no simulated environments, or a film cannot be written.
    """
    if settings.video is None:
        return None
    problems = Problems(f"--video {settings.video}")
    if not settings.video.endswith(".mp4"):
        problems.add("expected FILE.mp4")
    if importlib.util.find_spec("av") is None:
        problems.add(_INSTALL)
    filmed = [node for node in graph.nodes.values() if node.type.films]
    if len(filmed) != 1:
        names = ", ".join(f"{node.id} ({node.title!r})" for node in filmed) or "none"
        problems.add(f"expected one node of {graph.path} that steps simulated environments, "
                     f"found {names}")
    horizons = [node.values[HORIZON_WIDGET] for node in graph.nodes.values()
                if node.type.announces_boundaries and HORIZON_WIDGET in node.type.widgets]
    every = 0 if settings.inference or len(horizons) != 1 else settings.video_every
    problems.raise_if_any()
    return Video(settings.video, settings.video_seconds, every, horizons[0] if every else 0)
