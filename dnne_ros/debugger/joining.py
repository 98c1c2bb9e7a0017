"""Joins the ROS graph, for as long as somebody debugs from a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dnne_ros.cli.attached import attached
from dnne_ros.debugger.client import GraphClient, own_name

if TYPE_CHECKING:
    from dnne_ros.runtime.event_loop import RosEventLoop


@contextmanager
def joined(ros_args: Sequence[str]) -> Iterator[tuple[RosEventLoop, GraphClient]]:
    """Give an event loop with rclpy, and what finds graphs; `InputError` where there is no ROS."""
    with attached(ros_args, "debug") as (loop, node), \
            closing(GraphClient(node, own_name("dnne-ros debug"))) as client:
        yield loop, client
