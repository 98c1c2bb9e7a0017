"""Runs a workflow as ROS 2 nodes: ros2 launch dnne_ros workflow.launch.py workflow:=FILE."""

from launch import LaunchDescription

from dnne_ros.launching.workflow_launch import workflow_launch_description


def generate_launch_description() -> LaunchDescription:
    """Return the launch description; --show-args explains its arguments."""
    return workflow_launch_description()
