"""A lifecycle manager that knows nothing of us, as nav2's, and the robot of a Cartpole policy."""

import asyncio

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

NODE = "/cartpole_onnx/lifecycle"
LEANING = JointState(name=["slider_to_cart", "cart_to_pole"], position=[0.0, 0.1],
                     velocity=[0.0, 0.0])


class Manager:
    """Speaks with the managed node, moves a robot's joints and hears what they are told."""

    def __init__(self, ros_loop):
        self.loop = ros_loop
        self.name = NODE
        self.node = ros_loop.node("manager")
        self.commands, self.events, self.troubles = [], [], []
        self.joints = self.node.create_publisher(
            JointState, "/joint_states", qos_profile_sensor_data)
        self.node.create_subscription(
            Float64MultiArray, "/effort_controller/commands",
            lambda message: self.commands.append(list(message.data)), 10)
        self.node.create_subscription(
            TransitionEvent, f"{NODE}/transition_event",
            lambda message: self.events.append(message.goal_state.label), 10)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)
        self._clients = {}

    def _note(self, message):
        self.troubles += [status.message for status in message.status
                          if status.name == "/cartpole_onnx: lifecycle" and status.level == b"\2"]

    async def call(self, kind, name, request):
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, f"{self.name}/{name}")
        client = self._clients[name]
        await self.loop.until(client.service_is_ready)
        answer = client.call_async(request)
        await self.loop.until(answer.done)
        return answer.result()

    async def change(self, label):
        """Ask for a transition; returns whether it went well, and the state behind it."""
        request = ChangeState.Request()
        request.transition.label = label
        done = await self.call(ChangeState, "change_state", request)
        return done.success, await self.state()

    async def state(self):
        found = await self.call(GetState, "get_state", GetState.Request())
        return found.current_state.label

    def endpoints(self):
        """Return how many publishers, subscriptions and servers there are in the ROS graph."""
        node = self.node
        topics = [name for name, _ in node.get_topic_names_and_types()]
        services = [name for name, _ in node.get_service_names_and_types()]
        return sum(map(node.count_publishers, topics)) + sum(
            map(node.count_subscribers, topics)) + sum(map(node.count_services, services))

    async def timeout(self):
        """Ask the controller for its parameter ``timeout``."""
        return (await self._ask("get_parameters", ["timeout"])).values[0].double_value

    async def set_timeout(self, seconds):
        """Set it, as `ros2 param set` does."""
        done = await self._ask("set_parameters", [Parameter("timeout", value=seconds)])
        assert done.results[0].successful

    async def _ask(self, service, what):
        client = AsyncParameterClient(self.node, "/cartpole_onnx/robot_controller_3")
        await self.loop.until(client.services_are_ready)
        answer = getattr(client, service)(what)
        await self.loop.until(answer.done)
        return answer.result()

    async def until_commanded(self, tick=lambda: None):
        """Move the joints until the policy pushes; ``tick()`` each time."""
        self.commands.clear()
        while not any(any(command) for command in self.commands):
            tick()
            self.joints.publish(LEANING)
            await asyncio.sleep(0.02)
