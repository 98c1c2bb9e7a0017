"""Every node type of the catalogue keeps what node types promise, a new one by itself too."""

import asyncio
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from handmade_bundles import write_two_models
from sensor_msgs.msg import CameraInfo, Image, Imu, JointState, LaserScan
from sensor_msgs.srv import SetCameraInfo
from std_msgs.msg import Float64MultiArray
from torch import nn
from torch.utils.data import TensorDataset
from trained_policies import policy_of, write_checkpoint

from dnne_ros.catalogue.catalogue import BUILT_IN
from dnne_ros.node_api.own_ports import type_with_ports
from dnne_ros.nodes.custom.custom_computation import CustomComputation
from dnne_ros.nodes.display.display import DisplayNode
from dnne_ros.nodes.display.tensor_visualizer import TensorVisualizer
from dnne_ros.nodes.perception.perception import VisionNetworkNode
from dnne_ros.nodes.policies.leapp_policy import LeappPolicyNode
from dnne_ros.nodes.policies.onnx_policy import OnnxPolicyNode
from dnne_ros.nodes.rl.distillation_trainer import DistillationTrainerNode
from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
from dnne_ros.nodes.rl.ppo_config import PPOConfig
from dnne_ros.nodes.rl.ppo_loop import PPOAgent
from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode
from dnne_ros.nodes.rl.teacher import TeacherPolicyNode
from dnne_ros.nodes.robot.follow_joint_trajectory import FollowJointTrajectory
from dnne_ros.nodes.robot.joint_nodes import JointCommandsNode, JointObservationsNode
from dnne_ros.nodes.robot.joint_trajectory_publisher import JointTrajectoryPublisher
from dnne_ros.nodes.robot.mujoco_robot import MujocoRobotNode
from dnne_ros.nodes.robot.navigate_to_pose import NavigateToPose
from dnne_ros.nodes.robot.policy_gate import PolicyGate
from dnne_ros.nodes.robot.robot_controller import RobotControllerNode
from dnne_ros.nodes.ros.action_client import ActionClientNode
from dnne_ros.nodes.ros.action_server import ActionServerNode
from dnne_ros.nodes.ros.ros_publisher import RosPublisherNode
from dnne_ros.nodes.ros.ros_subscriber import RosSubscriberNode
from dnne_ros.nodes.ros.sensor_publisher import SensorPublisherNode
from dnne_ros.nodes.ros.sensor_subscriber import SensorSubscriberNode
from dnne_ros.nodes.ros.service_client import ServiceClientNode
from dnne_ros.nodes.ros.service_server import ServiceServerNode
from dnne_ros.nodes.ros.synced_subscribers import SyncedSubscribersNode
from dnne_ros.nodes.ros.transform_broadcaster import TransformBroadcasterNode
from dnne_ros.nodes.ros.transform_listener import TransformListenerNode
from dnne_ros.nodes.sensors.audio_sensor import AudioSensorNode
from dnne_ros.nodes.sensors.camera_sensor import CameraSensorNode
from dnne_ros.nodes.sensors.imu_sensor import IMUSensorNode
from dnne_ros.nodes.simulation.action import ActionNode
from dnne_ros.nodes.simulation.cartpole import CartpoleRewardNode
from dnne_ros.nodes.simulation.environment_settings import IsaacGymEnvs
from dnne_ros.nodes.simulation.former_names import IsaacGymEnvNode, IsaacGymStepNode
from dnne_ros.nodes.simulation.isaac_gym_sim import IsaacGymSim
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode, SimulatorStepNode
from dnne_ros.nodes.simulation.simulation_tracker import SimulationTracker
from dnne_ros.nodes.sources.data_streamer import DataStreamer
from dnne_ros.nodes.supervised.batches import BatchSampler, GetBatch
from dnne_ros.nodes.supervised.cifar10_dataset import CIFAR10Dataset
from dnne_ros.nodes.supervised.epoch_tracker import EpochTracker
from dnne_ros.nodes.supervised.losses import Accuracy, CrossEntropyLoss, Loss
from dnne_ros.nodes.supervised.mnist_dataset import MNISTDataset
from dnne_ros.nodes.supervised.network import Network
from dnne_ros.nodes.supervised.optimizer import Optimizer
from dnne_ros.nodes.supervised.optimizers import AdamOptimizer, SGDOptimizer, TrainingStep
from dnne_ros.nodes.tensors.split import Split
from dnne_ros.plugins.trusted_code import trust_file
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.shared_policy import SharedPolicy
from dnne_ros.sim.registry import make_simulator
from dnne_ros.testing import NOTHING, Links, NodeContract

CHECKS = [name for name in vars(NodeContract) if name.startswith("test_")]


class CartpoleReward(NodeContract):
    node_type = CartpoleRewardNode
    sizes = {"observation": 4}


class Display(NodeContract):
    node_type = DisplayNode
    settings = {"rate": 1000.0}


class Visualizer(Display):
    node_type = TensorVisualizer


class Eyes(NodeContract):
    """The large networks are tried elsewhere: they take their time."""

    node_type = VisionNetworkNode
    settings = {"device": "cpu"}
    widget_values = []


class OfSimulator(NodeContract):
    """What is given a simulator, of three cartpoles."""

    sizes = {"env": 3, "action": 1}

    def make_input(self, name, draw):
        if name in ("sim_handle", "env_config"):
            return make_simulator("Cartpole", 3, backend="torch", device="cpu", seed=1)
        return super().make_input(name, draw)

    def copy_held(self, name, value):
        simulator = self.make_input("sim_handle", None)
        simulator.restore(*value.state())
        return simulator


class Action(OfSimulator):
    node_type = ActionNode


class Step(OfSimulator):
    node_type = SimulatorStepNode
    widget_values = [{"shown_env": 1}]


class FormerStep(Step):
    node_type = IsaacGymStepNode


class Player(OfSimulator):
    node_type = IsaacGymSim
    widget_values = [{"null_action": "0.5"}]

    def make_input(self, name, draw):
        if name == "action":
            return draw.tensor("float32", "env", "action")
        return NOTHING if name == "reset" and draw.number != 2 else super().make_input(name, draw)


class Episodes(NodeContract):
    """Flags of every step: a trigger says nothing of which step it is."""

    node_type = SimulationTracker
    sizes = {"env": 2}

    def make_input(self, name, draw):
        if name == "done":
            return draw.tensor("bool", "env")
        if name == "reward":
            return draw.tensor("float32", "env")
        if name == "custom_metrics":
            return {"success": bool(draw.number % 2)}
        return super().make_input(name, draw)


class Environment(NodeContract):
    node_type = SimulatorEnvNode
    sizes = {"env": 3}
    settings = {"num_envs": 3, "backend": "torch", "device": "cpu"}
    widget_values = [{"backend": "mujoco"}]


class FormerEnvironment(Environment):
    node_type = IsaacGymEnvNode


class Trainer(NodeContract):
    """Rollouts of three steps: the boundary is behind the last of a test's three rounds."""

    node_type = PPOTrainerNode
    settings = {"horizon_length": 3, "num_epochs": 2, "minibatch_size": 2, "torch_compile": False}

    def make_input(self, name, draw):
        if name == "model":
            spec = PolicySpec(draw.size("observation"), draw.size("action"), (4,))
            return SharedPolicy(ActorCritic(spec, torch.Generator().manual_seed(0)))
        if name == "info":
            return {"time_outs": draw.tensor("bool", "env")}
        return super().make_input(name, draw)

    def comparable(self, port, value):
        return {name: part for name, part in value.items() if name != "env_steps"} \
            if port == "metrics" else value

    def copy_held(self, name, value):
        return SharedPolicy.from_bytes(value.to_bytes())


class StudentTrainer(Trainer):
    node_type = DistillationTrainerNode
    settings = {"horizon_length": 3, "num_epochs": 2, "gradient_length": 2}


class Teacher(NodeContract):
    node_type = TeacherPolicyNode
    sizes = {"observation": 5}


class Loop(NodeContract):
    node_type = PPOAgent
    linked_settings = {"env": IsaacGymEnvs, "config": PPOConfig}


class Computation(NodeContract):
    node_type = CustomComputation


class Agent(NodeContract):
    """In onnxruntime it needs a checkpoint: test_ppo_nodes.py."""

    node_type = PPOAgentNode
    settings = {"runtime": "auto"}

    def links(self, values):
        """A critic that sees more shares no layers with the actor; a memory needs the ends."""
        everything, needed = super().links(values)
        if values.get("shared_trunk"):
            return [needed]
        return [everything] if values.get("memory", "none") != "none" else [everything, needed]


class Bundle(NodeContract):
    node_type = OnnxPolicyNode
    sizes = {"observation": 4, "action": 1}
    settings = {"bundle": str(Path(__file__).parents[2] / "docs/examples/cartpole_policy"),
                "runtime": "cpu"}


class Observations(NodeContract):
    node_type = JointObservationsNode
    sizes = {"env": 1, "joint": 3}
    settings = {"joints": "joint_2,joint_0"}
    not_resumed = ["observations"]  # which of them there are is a matter of when they come


class Commands(NodeContract):
    node_type = JointCommandsNode
    sizes = {"env": 1, "action": 2, "joint": 2}
    settings = {"joints": "a,b"}


class Controller(NodeContract):
    node_type = RobotControllerNode
    sizes = {"env": 1, "action": 7, "joint": 7, "axis0": 1, "axis1": 7}
    not_resumed = ["status"]  # counts since the start


class OfGate(NodeContract):
    """It holds until its robot speaks, which says what its commands are."""

    node_type = PolicyGate
    sizes = {"env": 1, "action": 2, "axis0": 1, "axis1": 2}
    settings = {"joint_names": "a,b", "max_velocity": "5"}
    widget_values = [{"control_type": "effort"}, {"latch": "all"}]
    not_resumed = ("command",)  # the safe one, by the clock


class OfClasses(NodeContract):
    node_type = CrossEntropyLoss

    def make_input(self, name, draw):
        if name == "labels":
            return draw.tensor("int64", "sample")
        return draw.tensor("float32", "sample", "class").requires_grad_()

    sizes = {"class": 3}


class Rightness(OfClasses):
    node_type = Accuracy


class OfChosenClasses(OfClasses):
    node_type = Loss
    widget_values = []


class OfNumbers(NodeContract):
    """Losses of numbers, which say nothing of what is right."""

    node_type = Loss
    settings = {"loss_type": "mse"}
    widget_values = [{"loss_type": "l1"}, {"loss_type": "huber"}]

    def links(self, values):
        return [Links(("predictions", "labels"), ("loss",))]


class OfEither(NodeContract):
    node_type = Loss
    settings = {"loss_type": "bce_with_logits"}

    def make_input(self, name, draw):
        value = super().make_input(name, draw)
        return value if name == "predictions" else (value > 0).float()


class Sampler(NodeContract):
    node_type = BatchSampler
    settings = {"batch_size": 2}

    def make_input(self, name, draw):
        if name == "dataset":
            return TensorDataset(torch.arange(5.0), torch.arange(5))
        return super().make_input(name, draw)


class Batch(NodeContract):
    """Epochs of one batch: the graph stands still behind the second trigger of each."""

    node_type = GetBatch
    rounds = 2

    def make_input(self, name, draw):
        if name == "dataloader":
            return [(torch.arange(6.0).reshape(3, 2), torch.arange(3))]
        if name == "trigger":
            return NOTHING if draw.number == 3 else None
        if name == "summary":
            return {"finished": False} if draw.number >= 3 else NOTHING
        return super().make_input(name, draw)

    async def on_resume(self, context, draw):
        context.feed("trigger", None)  # who takes the steps asks for the first batch

    def links(self, values):
        return super().links(values)[:1]


class Tracker(NodeContract):
    """Epochs of three batches."""

    node_type = EpochTracker

    def make_input(self, name, draw):
        if name == "epoch_stats":
            return {"epoch": 1 + (draw.number - 1) // 3, "batch": 1 + (draw.number - 1) % 3,
                    "batches": 3, "samples": 4, "complete": draw.number % 3 == 0}
        if name == "loss":
            return draw.tensor("float32").abs()
        return super().make_input(name, draw)

    def comparable(self, port, value):
        return {name: part for name, part in value.items() if name != "seconds"}


class OfLayers(NodeContract):
    node_type = Network

    def make_input(self, name, draw):
        if name == "to_output":
            return ({"kind": "linear", "node": "layer", "title": "Layer", "output_size": 3,
                     "bias": True, "activation": "relu", "dropout": 0.5, "weight_init": "auto"},)
        return super().make_input(name, draw)


class Descent(NodeContract):
    node_type = SGDOptimizer

    def make_input(self, name, draw):
        if name == "loss":
            return draw.held["model"](draw.tensor("float32", "row", "column")).square().mean()
        return nn.Linear(2, 3)

    sizes = {"row": 4, "column": 2}


class Adam(Descent):
    node_type = AdamOptimizer


class Chosen(Descent):
    node_type = Optimizer


class Steps(NodeContract):
    node_type = TrainingStep

    def make_input(self, name, draw):
        if name == "optimizer":
            return torch.optim.Adam([nn.Parameter(torch.ones(2))])
        weights, = draw.held["optimizer"].param_groups[0]["params"]
        return (weights * draw.tensor("float32", "weight")).square().sum()

    sizes = {"weight": 2}


class Pieces(NodeContract):
    node_type = Split
    sizes = {"axis0": 5, "axis1": 4}
    settings = {"split_pos": "1,2,3"}
    widget_values = [{"dimension": 1}, {"split_mode": "by size", "split_pos": "2,1,1,1"}]


class Rows(NodeContract):
    node_type = DataStreamer
    settings = {"auto_first_row": False}
    widget_values = [{"sync_mode": "external"}, {"sync_mode": "external", "loop_data": True},
                     {"sync_mode": "timed", "frequency_hz": 10_000.0, "loop_data": True},
                     {"eof_mode": "hold_last"}, {"eof_mode": "pulse_done"}]

    def links(self, values):
        """Link triggers where they alone decide what is sent."""
        outputs = ("data", "done", "metadata")
        if values.get("sync_mode") == "external":
            return [Links(("sync", "reset"), outputs), Links(("sync",), outputs)]
        return [Links((), outputs)]


class Subscriber(NodeContract):
    node_type = RosSubscriberNode
    sizes = {"env": 1}
    widget_values = [{"kind": "message"}, {"field": "position,velocity", "order": "elements"}]
    not_resumed = ["stamp"]

    def links(self, values):
        return [Links((), (values.get("kind", "tensor"), "stamp"))]

    def message(self, draw):
        return JointState(name=["a", "b"], position=draw.random.standard_normal(2).tolist(),
                          velocity=draw.random.standard_normal(2).tolist())

    async def run_round(self, context, draw):
        wanted = len(context.sent) + len(self.node_type.outputs) - 2
        context.topics.deliver(self.message(draw))
        await context.sends(wanted)


def with_ports(node_type, **values):
    """Return the type of a node with these values, with all of its ports."""
    return type_with_ports(node_type, node_type(values).values)


class Scans(NodeContract):
    node_type = with_ports(SensorSubscriberNode)
    widget_values = [{"invalid": "limit"}, {"batch": False, "dtype": "as_sent"}]

    def links(self, values):
        return [Links((), ("ranges", "points", "stamp", "frame_id"))]

    async def run_round(self, context, draw):
        wanted = len(context.sent) + 4
        context.topics.deliver(LaserScan(range_max=1.0, ranges=draw.random.random(5).tolist()))
        await context.sends(wanted)


class Poses(NodeContract):
    node_type = with_ports(SensorPublisherNode)
    sizes = {"env": 1, "position": 3, "orientation": 4}
    widget_values = [{"frame_id": "map"}]

    def links(self, values):
        return [Links(("position", "orientation"), ())]

    def make_input(self, name, draw):
        return draw.tensor("float32", "env", name)


class Together(NodeContract):
    """A picture and what is known of its camera."""

    node_type = with_ports(SyncedSubscribersNode)
    settings = {"method": "exact"}
    widget_values = []

    def links(self, values):
        return [Links((), ("stamp", "spread", "image_image", "info_k"))]

    async def run_round(self, context, draw):
        wanted = len(context.sent) + 4
        picture = Image(height=1, width=1, step=1, encoding="mono8", data=b"\x05")
        info = CameraInfo(k=draw.random.random(9).tolist())
        for topic, message in (("/image_raw", picture), ("/camera_info", info)):
            message.header.stamp.sec = draw.number
            context.topics.deliver(message, topic=topic)
        await context.sends(wanted)


class Where(NodeContract):
    node_type = TransformListenerNode
    settings = {"target": "map", "source": "base", "rate": 1000.0}
    widget_values = [{"batch": False, "dtype": "as_sent"}]

    async def run_round(self, context, draw):
        context.frames.put("map", "base", (1.0, 2.0, 3.0))
        await super().run_round(context, draw)


class Here(NodeContract):
    node_type = TransformBroadcasterNode
    settings = {"parent": "odom", "child": "base"}
    widget_values = [{"static": True}]
    sizes = {"env": 1, "position": 3, "rotation": 4}

    def links(self, values):
        return [Links(("position", "rotation", "stamp"), ()), Links(("matrix",), ())]

    def make_input(self, name, draw):
        if name == "matrix":
            return torch.eye(4)
        return draw.number if name == "stamp" else draw.tensor("float32", "env", name)


class Caller(NodeContract):
    node_type = ServiceClientNode
    settings = {"service": "/check", "service_type": "diagnostic_msgs/srv/SelfTest",
                "tensor_field": "passed"}

    def make_input(self, name, draw):
        return {} if name == "request" else super().make_input(name, draw)


class Server(NodeContract):
    """A round is a request and its answer."""

    node_type = ServiceServerNode
    sizes = {"axis0": 1, "axis1": 2}
    settings = {"service": "/set", "service_type": "sensor_msgs/srv/SetCameraInfo",
                "tensor_field": "camera_info.width,camera_info.height", "timeout": 3600.0}
    not_resumed = ["request_id"]

    def make_input(self, name, draw):
        return {"success": True} if name == "answer" else draw.number

    async def run_round(self, context, draw):
        request = SetCameraInfo.Request()
        request.camera_info.width = int(draw.random.integers(1000))
        wanted = len(context.sent) + 3
        context.services.request(request)
        await context.sends(wanted)
        await super().run_round(context, draw)


class OfGoals(NodeContract):
    """Goals that have succeeded at once: each gives one item of each output that is linked."""

    async def run_round(self, context, draw):
        wanted = len(context.sent) + sum(map(context.is_linked, self.node_type.outputs))
        for name in self.streams(context):
            if name != "cancel":  # when one comes is nobody's round
                context.feed(name, self.make_input(name, draw))
        await context.sends(wanted)


class GoalGiver(OfGoals):
    needs = ("test_msgs.action",)
    node_type = ActionClientNode
    settings = {"action": "/count", "action_type": "test_msgs/action/Fibonacci",
                "tensor_field": "sequence", "feedback_field": "sequence"}

    def make_input(self, name, draw):
        return {} if name == "goal" else super().make_input(name, draw)

    def links(self, values):
        outputs = ("result", "tensor", "status", "succeeded")
        return [Links(inputs, outputs) for inputs in (("goal", "trigger", "cancel"), ("trigger",))]


class GoalTaker(NodeContract):
    """A round is a goal and its result."""

    needs = ("test_msgs.action",)
    node_type = ActionServerNode
    settings = {"action": "/count", "action_type": "test_msgs/action/Fibonacci",
                "field": "sequence", "feedback_field": "sequence", "tensor_field": "order",
                "most_goals": 10}
    not_resumed = ["goal_id"]

    def make_input(self, name, draw):
        if name in ("result", "feedback"):
            return draw.tensor("int32", "sequence")
        return "aborted" if name == "end" else NOTHING

    def links(self, values):
        return [Links(inputs, ("goal", "tensor", "goal_id"))
                for inputs in (("result", "end", "feedback"), ("result",))]

    async def run_round(self, context, draw):
        wanted = len(context.sent) + 3
        context.actions.send(None)
        await context.sends(wanted)
        await super().run_round(context, draw)


class OfArm(OfGoals):
    needs = ("control_msgs.action",)
    node_type = FollowJointTrajectory
    settings = {"joints": "a,b"}
    sizes = {"axis0": 3, "axis1": 2}

    def links(self, values):
        return [Links(("positions", "cancel"), ("result", "status", "succeeded"))]


class Trajectories(NodeContract):
    needs = ("trajectory_msgs.msg",)
    node_type = JointTrajectoryPublisher
    settings = {"joints": "a,b"}
    sizes = {"axis0": 3, "axis1": 2}

    def links(self, values):
        return [Links(("positions",), ())]


class OfMobileRobot(OfGoals):
    needs = ("nav2_msgs.action",)
    node_type = NavigateToPose
    sizes = {"axis0": 1, "axis1": 3}

    def links(self, values):
        return [Links(("pose", "cancel"), ("result", "status", "succeeded"))]


class DeskRobot(NodeContract):
    """A round is a state that is told; there is nothing to save."""

    node_type = MujocoRobotNode
    settings = {"model": str(Path(__file__).parents[2] / "docs" / "examples" / "arm.xml"),
                "real_time_factor": 0.0}
    widget_values = [{"control_type": "position", "kp": "40", "floor": True}]

    async def run_round(self, context, draw):
        told = context.topics.publishers["/joint_states"].messages
        wanted = len(told) + 1
        context.topics.deliver(Float64MultiArray(data=[0.1, 0.2]),
                               topic=context.topics.subscriptions[0].topic)
        while len(told) < wanted:
            await asyncio.sleep(0)


class Publisher(NodeContract):
    node_type = RosPublisherNode
    widget_values = [{"message_type": "geometry_msgs/msg/PointStamped", "field": "point.x",
                      "stamp_from": "data"}]
    sizes = {"axis0": 1, "axis1": 1}

    def links(self, values):
        return [Links(("value", "stamp") if "stamp_from" in values else ("value",), ())]


class MadeUpPictures(NodeContract):
    node_type = CameraSensorNode
    settings = {"resolution": "16x12", "use_real_camera": False}


class Camera(NodeContract):
    """A camera that takes its time, in a thread."""

    node_type = CameraSensorNode
    settings = {"resolution": "16x12", "use_real_camera": True}

    def make_node(self, values):
        node = super().make_node(values)
        node._open = OpenFile
        return node


class OpenFile:
    """A device that is an open file until it is closed."""

    def __init__(self):
        self._file = open(__file__, "rb")  # noqa: SIM115

    def read(self):
        return np.frombuffer(self._file.read(16 * 12 * 3), np.uint8).reshape(12, 16, 3).copy()

    def close(self):
        self._file.close()


class Sound(NodeContract):
    node_type = AudioSensorNode
    settings = {"use_real_microphone": False, "chunk_size": 8}
    sizes = {"env": 1, "sample": 8}


class Turns(NodeContract):
    node_type = IMUSensorNode
    sizes = {"env": 1, "signal": 6}


class TurnsOfTopic(Turns):
    settings = {"topic": "/imu"}
    context_options = {"outputs": ["imu_data"]}

    async def run_round(self, context, draw):
        context.topics.deliver(Imu())
        await context.sends(len(context.sent) + 1)


class Leapp(NodeContract):
    """Two models as tensors; what comes as messages is tried with the node."""

    node_type = LeappPolicyNode
    sizes = {"env": 1, "asked": 2, "seen": 2, "action": 2}
    settings = {"ports": "tensors"}
    widget_values = []

    def links(self, values):
        return [Links(("asked", "seen"), ("action",))]


@pytest.fixture(scope="module", autouse=True)
def bundle(tmp_path_factory):
    """Have a policy, and the type of a node that runs it."""
    path = write_two_models(tmp_path_factory.mktemp("bundle"))
    Leapp.settings = {**Leapp.settings, "bundle": str(path)}
    Leapp.node_type = type_with_ports(LeappPolicyNode, LeappPolicyNode(Leapp.settings).values)


class Digits(NodeContract):
    node_type = MNISTDataset


@pytest.fixture(scope="module", autouse=True)
def digits(tmp_path_factory):
    """Have files with a few digits."""
    folder = tmp_path_factory.mktemp("digits")
    for prefix in ("train", "t10k"):
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(
            struct.pack(">4i", 2051, 4, 28, 28) + bytes(4 * 28 * 28))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2i", 2049, 4) + bytes(4))
    Digits.settings = {"data_path": str(folder)}


@pytest.fixture(scope="module", autouse=True)
def function(tmp_path_factory):
    """Have a file with a function."""
    file = tmp_path_factory.mktemp("functions") / "absolute.py"
    file.write_text("def compute(input):\n    return input.abs()")
    trust_file(file)
    Computation.settings = {"src_path": str(file)}


class SmallPictures(NodeContract):
    node_type = CIFAR10Dataset


@pytest.fixture(scope="module", autouse=True)
def pictures(tmp_path_factory):
    """Have files with a few pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    binary = folder / "cifar-10-batches-bin"
    binary.mkdir()
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        (binary / f"{name}.bin").write_bytes(bytes(2 * 3073))
    SmallPictures.settings = {"data_path": str(folder)}


@pytest.fixture(scope="module", autouse=True)
def teacher(tmp_path_factory):
    """Have a checkpoint with a policy."""
    folder = write_checkpoint(tmp_path_factory.mktemp("teacher"), {"3": policy_of("plain")})
    Teacher.settings = {"checkpoint": str(folder)}


@pytest.fixture(scope="module", autouse=True)
def rows(tmp_path_factory):
    """Have a file with a few rows."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text("a,b\n" + "".join(f"{row},{-row}\n" for row in range(5)))
    Rows.settings = {**Rows.settings, "src_path": str(path)}


@pytest.fixture(autouse=True)
def threads():
    """Put torch's threads back, which some nodes set for their process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def contracts():
    """Return the settings above, and a plain contract for each type that needs none."""
    own = [each for each in _below(NodeContract) if hasattr(each, "node_type")
           and each.__module__ == __name__]
    known = {each.node_type.source_type for each in own}
    return own + [type(node_type.__name__, (NodeContract,), {"node_type": node_type})
                  for node_type in BUILT_IN if node_type not in known]


def _below(parent):
    for each in parent.__subclasses__():
        yield each
        yield from _below(each)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("contract", contracts(), ids=lambda each: each.__name__)
def test_the_contract(contract, check):
    for package in getattr(contract, "needs", ()):
        pytest.importorskip(package)
    getattr(contract(), check)()
