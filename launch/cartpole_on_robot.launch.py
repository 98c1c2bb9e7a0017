"""Runs the trained Cartpole policy on a robot that speaks ROS 2 (see docs/robot.md).

ros2 launch dnne_ros cartpole_on_robot.launch.py load_checkpoint_dir:=DIRECTORY
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

HERE = Path(__file__).resolve().parent
WORKFLOW = HERE.parent / "config" / "workflows" / "cartpole_on_robot.json"


def generate_launch_description() -> LaunchDescription:
    """Return the robot's topics as arguments, and the workflow remapped to them."""
    return LaunchDescription([
        DeclareLaunchArgument("joint_states", default_value="/joint_states",
                              description="Where the robot publishes sensor_msgs/JointState."),
        DeclareLaunchArgument("commands", default_value="/effort_controller/commands",
                              description="Where its effort controller listens."),
        DeclareLaunchArgument("load_checkpoint_dir", description="The trained policy."),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(HERE / "workflow.launch.py")),
            launch_arguments={
                "workflow": str(WORKFLOW),
                "inference": "true",
                "remap": [
                    "joint_observations_8/joint_states:=", LaunchConfiguration("joint_states"),
                    ";joint_commands_9/commands:=", LaunchConfiguration("commands")],
            }.items()),
    ])
