"""The launch description of a workflow; ``launch/workflow.launch.py`` returns it."""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import LogInfo, OpaqueFunction

from dnne_ros.launching.arguments import ARGUMENTS, declare
from dnne_ros.launching.graph_processes import GraphProcesses
from dnne_ros.launching.request import LaunchRequest


def workflow_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that checks them and starts the processes."""
    return LaunchDescription([
        *(declare(argument) for argument in ARGUMENTS),
        OpaqueFunction(function=start_workflow),
    ])


def start_workflow(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the node actions of the workflow that the launch configurations name.

    Raises `LaunchRefused`, which launch reports, before any of them exists.
    """
    configurations = context.launch_configurations
    request = LaunchRequest.read(
        {argument.name: configurations[argument.name] for argument in ARGUMENTS},
        configurations.get("ros_namespace"))
    return [*(LogInfo(msg=f"warning: {warning}") for warning in request.warnings),
            *GraphProcesses(request, context.environment).start()]
