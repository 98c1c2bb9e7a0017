"""Joins the ROS graph for as long as a command has to do with nodes that run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError
from dnne_ros.parameter_files.ros_arguments import check_ros_arguments

if TYPE_CHECKING:
    from rclpy.node import Node

    from dnne_ros.runtime.event_loop import RosEventLoop


@contextmanager
def attached(ros_args: Sequence[str], command: str) -> Iterator[tuple[RosEventLoop, Node]]:
    """Give an event loop that serves rclpy, and a hidden node; `InputError` without ROS."""
    check_ros_arguments(ros_args)
    try:
        import rclpy

        from dnne_ros.runtime.discovery import choose_reach
        from dnne_ros.runtime.process import ros_event_loop
        from dnne_ros.runtime.ros_context import missing_security_told
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or install the wheels with "
            "pip install 'dnne_ros[wheels]'"]) from None
    choose_reach(os.environ, "SUBNET")
    with ros_event_loop(ros_args) as (context, loop):
        with missing_security_told():
            node = rclpy.create_node(
                f"_dnne_ros_{command}_{os.getpid()}", context=context, enable_rosout=False,
                start_parameter_services=False)
        loop.executor.add_node(node)
        try:
            yield loop, node
        finally:
            loop.executor.remove_node(node)
            node.destroy_node()
