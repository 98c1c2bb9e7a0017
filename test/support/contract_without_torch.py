"""Holds the node types that say that they run without torch to the contract, where there is none.

Prints the names of those that it has tried, and with a - those whose messages are not installed.
"""

import asyncio
import importlib.util
from pathlib import Path

from sensor_msgs.msg import CameraInfo, Image, Imu, JointState, LaserScan

from dnne_ros.catalogue.catalogue import BUILT_IN
from dnne_ros.node_api.own_ports import type_with_ports
from dnne_ros.nodes.display.display import DisplayNode
from dnne_ros.nodes.policies.leapp_policy import LeappPolicyNode
from dnne_ros.nodes.policies.onnx_policy import OnnxPolicyNode
from dnne_ros.nodes.robot.follow_joint_trajectory import FollowJointTrajectory
from dnne_ros.nodes.robot.joint_nodes import JointCommandsNode, JointObservationsNode
from dnne_ros.nodes.robot.joint_trajectory_publisher import JointTrajectoryPublisher
from dnne_ros.nodes.robot.mujoco_robot import MujocoRobotNode
from dnne_ros.nodes.robot.navigate_to_pose import NavigateToPose
from dnne_ros.nodes.robot.policy_gate import PolicyGate
from dnne_ros.nodes.robot.robot_controller import RobotControllerNode
from dnne_ros.nodes.ros.action_client import ActionClientNode
from dnne_ros.nodes.ros.action_server import ActionServerNode
from dnne_ros.nodes.ros.goal_node import GoalNode
from dnne_ros.nodes.ros.ros_publisher import RosPublisherNode
from dnne_ros.nodes.ros.ros_subscriber import RosSubscriberNode
from dnne_ros.nodes.ros.sensor_publisher import SensorPublisherNode
from dnne_ros.nodes.ros.sensor_subscriber import SensorSubscriberNode
from dnne_ros.nodes.ros.service_client import ServiceClientNode
from dnne_ros.nodes.ros.service_server import ServiceServerNode
from dnne_ros.nodes.ros.synced_subscribers import SyncedSubscribersNode
from dnne_ros.nodes.ros.transform_broadcaster import TransformBroadcasterNode
from dnne_ros.nodes.ros.transform_listener import TransformListenerNode
from dnne_ros.nodes.sensors.camera_sensor import CameraSensorNode
from dnne_ros.nodes.sensors.imu_sensor import IMUSensorNode
from dnne_ros.nodes.simulation.action import ActionNode
from dnne_ros.nodes.tensors.split import Split
from dnne_ros.testing import Links, NodeContract

REPOSITORY = Path(__file__).parents[2]
BUNDLE = REPOSITORY / "docs" / "examples" / "cartpole_policy"
LEAPP_BUNDLE = REPOSITORY / "config" / "workflows" / "cartpole_leapp"
SETTINGS = {
    DisplayNode: {"rate": 1000.0}, OnnxPolicyNode: {"bundle": str(BUNDLE), "runtime": "cpu"},
    LeappPolicyNode: {"bundle": str(LEAPP_BUNDLE), "ports": "tensors"},
    MujocoRobotNode: {"model": str(REPOSITORY / "docs" / "examples" / "arm.xml"),
                      "real_time_factor": 0.0},
    PolicyGate: {"joint_names": "a,b", "max_velocity": "5"},
    JointObservationsNode: {"joints": "joint_2,joint_0"}, JointCommandsNode: {"joints": "a,b"},
    CameraSensorNode: {"resolution": "16x12", "use_real_camera": False},
    ServiceClientNode: {"service": "/check", "service_type": "diagnostic_msgs/srv/SelfTest"},
    ServiceServerNode: {"service": "/check", "service_type": "diagnostic_msgs/srv/SelfTest",
                        "timeout": 3600.0},
    ActionClientNode: {"action": "/count", "action_type": "test_msgs/action/Fibonacci"},
    ActionServerNode: {"action": "/count", "action_type": "test_msgs/action/Fibonacci",
                       "most_goals": 10},
    FollowJointTrajectory: {"joints": "a,b"}, JointTrajectoryPublisher: {"joints": "a,b"},
    SensorPublisherNode: {"message_type": "sensor_msgs/msg/Joy"},
    SyncedSubscribersNode: {"method": "exact", "keep": 100},
    TransformListenerNode: {"target": "map", "source": "base", "rate": 1000.0},
    TransformBroadcasterNode: {"parent": "odom", "child": "base", "static": True},
    IMUSensorNode: {"topic": "/imu"}, Split: {"split_pos": "1,2,3"}}
SIZES = {
    OnnxPolicyNode: {"observation": 4, "action": 1}, JointObservationsNode: {"env": 1, "joint": 3},
    LeappPolicyNode: {"env": 1, "observations": 4, "actions": 1},
    PolicyGate: {"env": 1, "action": 2, "axis0": 1, "axis1": 2},
    JointCommandsNode: {"env": 1, "action": 2, "joint": 2},
    RobotControllerNode: {"env": 1, "action": 7, "joint": 7, "axis0": 1, "axis1": 7},
    FollowJointTrajectory: {"axis0": 1, "axis1": 2},
    JointTrajectoryPublisher: {"axis0": 1, "axis1": 2}, NavigateToPose: {"axis0": 1, "axis1": 3},
    RosPublisherNode: {"axis0": 1, "axis1": 1},
    TransformBroadcasterNode: {"axis0": 1, "axis1": 3}, IMUSensorNode: {"env": 1, "signal": 6},
    Split: {"axis0": 5, "axis1": 4}}
LINKS = {
    LeappPolicyNode: Links(("observations",), ("actions",)),
    SensorPublisherNode: Links(("axes",), ()), TransformBroadcasterNode: Links(("position",), ()),
    TransformListenerNode: Links((), ("position", "rotation", "matrix", "stamp")),
    RosSubscriberNode: Links((), ("tensor", "stamp")), RosPublisherNode: Links(("value",), ()),
    ServiceClientNode: Links(("trigger",), ("response", "succeeded")),
    ServiceServerNode: Links(("answer",), ("request", "request_id")),
    ActionClientNode: Links(("trigger",), ("result", "status", "succeeded")),
    ActionServerNode: Links(("result",), ("goal", "goal_id")),
    FollowJointTrajectory: Links(("positions",), ("result", "status", "succeeded")),
    NavigateToPose: Links(("pose",), ("result", "status", "succeeded")),
    ActionNode: Links(("network_output",), ("action",))}
NEEDS = {
    ActionClientNode: "test_msgs", ActionServerNode: "test_msgs", NavigateToPose: "nav2_msgs",
    FollowJointTrajectory: "control_msgs", JointTrajectoryPublisher: "trajectory_msgs"}
"""Packages of messages that not every installation has."""
MESSAGES = {RosSubscriberNode: JointState(position=[1.0, 2.0]), IMUSensorNode: Imu(),
            SensorSubscriberNode: LaserScan(ranges=[1.0, 2.0], intensities=[1.0, 2.0])}


def contract_of(node_type):
    """Return the contract of a node type, with what it needs."""
    class Contract(NodeContract):
        settings = SETTINGS.get(node_type, {})
        sizes = SIZES.get(node_type, {})
        widget_values = ()

        def links(self, values):
            return [LINKS[node_type]] if node_type in LINKS else super().links(values)

        async def run_round(self, context, draw):
            context.frames.put("map", "base")
            if node_type is MujocoRobotNode:
                told = context.topics.publishers["/joint_states"].messages
                wanted = len(told) + 1
                while len(told) < wanted:
                    await asyncio.sleep(0)
                return
            if issubclass(node_type, GoalNode):
                wanted = len(context.sent) + 3
                name, = self.streams(context)
                context.feed(name, self.make_input(name, draw))
                await context.sends(wanted)
                return
            if node_type not in (*MESSAGES, ServiceServerNode, ActionServerNode,
                                 SyncedSubscribersNode):
                await super().run_round(context, draw)
                return
            wanted = len(context.sent) + 1
            if node_type is ServiceServerNode:
                context.services.request(None)
            elif node_type is ActionServerNode:
                context.actions.send(None)
                wanted += 1
                context.feed("result", None)
            elif node_type is SyncedSubscribersNode:
                picture = Image(height=1, width=1, step=1, encoding="mono8", data=b"\x05")
                picture.header.stamp.sec = draw.number
                context.topics.deliver(picture, topic="/image_raw")
                context.topics.deliver(CameraInfo(header=picture.header), topic="/camera_info")
            else:
                context.topics.deliver(MESSAGES[node_type])
            await context.sends(wanted)

    values = {**node_type().values, **Contract.settings}
    Contract.node_type = type_with_ports(node_type, values)
    return Contract()


def main():
    assert importlib.util.find_spec("torch") is None
    tried = []
    for node_type in BUILT_IN:
        values = {**node_type().values, **SETTINGS.get(node_type, {})}
        if importlib.util.find_spec(NEEDS.get(node_type, "sensor_msgs")) is None:
            tried.append(f"-{node_type.type_name}")
            continue
        if node_type.runs_without_torch(values) and node_type.type_name != "PPOAgentNode":
            contract = contract_of(node_type)
            contract.test_outputs_are_as_declared()
            contract.test_a_saved_state_goes_on() if node_type.keeps_state() else None
            tried.append(node_type.type_name)
    print(" ".join(tried))


if __name__ == "__main__":
    main()
