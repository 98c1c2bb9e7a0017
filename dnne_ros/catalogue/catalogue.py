"""The catalogue of node types: every type that a workflow may name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dnne_ros.node_api.declarations import check_declarations
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import has_own_ports
from dnne_ros.node_api.port_types import PortTypes
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.custom.custom_computation import CustomComputation
from dnne_ros.nodes.display.display import DisplayNode
from dnne_ros.nodes.display.tensor_visualizer import TensorVisualizer
from dnne_ros.nodes.flow.barrier import Barrier
from dnne_ros.nodes.flow.eat_n import EatN
from dnne_ros.nodes.flow.merge import ORNode
from dnne_ros.nodes.perception.perception import (
    DecisionNetworkNode,
    SoundNetworkNode,
    VisionNetworkNode,
)
from dnne_ros.nodes.policies.leapp_policy import LeappPolicyNode
from dnne_ros.nodes.policies.onnx_policy import OnnxPolicyNode
from dnne_ros.nodes.rl.balancing_config import BalancingConfig
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
from dnne_ros.nodes.simulation.cartpole import CartpoleActionNode, CartpoleRewardNode
from dnne_ros.nodes.simulation.environment_settings import IsaacGymEnvs
from dnne_ros.nodes.simulation.episode_evaluator import EpisodeEvaluator
from dnne_ros.nodes.simulation.former_names import IsaacGymEnvNode, IsaacGymStepNode
from dnne_ros.nodes.simulation.isaac_gym_sim import IsaacGymSim
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode, SimulatorStepNode
from dnne_ros.nodes.simulation.simulation_tracker import SimulationTracker
from dnne_ros.nodes.sources.data_streamer import DataStreamer
from dnne_ros.nodes.supervised.batches import BatchSampler, GetBatch
from dnne_ros.nodes.supervised.cifar10_dataset import CIFAR10Dataset
from dnne_ros.nodes.supervised.epoch_tracker import EpochTracker
from dnne_ros.nodes.supervised.geometric_loss import GeometricLoss
from dnne_ros.nodes.supervised.layers import (
    Activation,
    BatchNorm,
    Conv2DLayer,
    Dropout,
    Flatten,
    LinearLayer,
)
from dnne_ros.nodes.supervised.losses import Accuracy, CrossEntropyLoss, Loss
from dnne_ros.nodes.supervised.mnist_dataset import MNISTDataset
from dnne_ros.nodes.supervised.network import Network
from dnne_ros.nodes.supervised.optimizer import Optimizer
from dnne_ros.nodes.supervised.optimizers import AdamOptimizer, SGDOptimizer, TrainingStep
from dnne_ros.nodes.tensors.concat import Concat
from dnne_ros.nodes.tensors.constant import TensorNode
from dnne_ros.nodes.tensors.split import Split
from dnne_ros.workflow.signature import NodeSignature, PortSignature, WidgetSignature

BUILT_IN: tuple[type[Node], ...] = (
    SimulatorEnvNode, SimulatorStepNode, IsaacGymEnvNode, IsaacGymStepNode, ORNode, PPOAgentNode,
    PPOTrainerNode,
    OnnxPolicyNode,
    ActionNode, CartpoleActionNode, CartpoleRewardNode, JointObservationsNode, JointCommandsNode,
    MNISTDataset, CIFAR10Dataset, BatchSampler, GetBatch, Network, LinearLayer, Conv2DLayer,
    Activation, Dropout, BatchNorm, Flatten, CrossEntropyLoss, Loss, GeometricLoss, Accuracy,
    SGDOptimizer, AdamOptimizer, Optimizer, TrainingStep, EpochTracker,
    DataStreamer, TensorNode, Split, Concat, Barrier, EatN, TensorVisualizer,
    DisplayNode, RosSubscriberNode, RosPublisherNode, RobotControllerNode, PolicyGate,
    CameraSensorNode, IMUSensorNode, AudioSensorNode, VisionNetworkNode, SoundNetworkNode,
    DecisionNetworkNode, IsaacGymEnvs, PPOConfig, PPOAgent, BalancingConfig,
    IsaacGymSim, SimulationTracker, EpisodeEvaluator, CustomComputation, LeappPolicyNode,
    ServiceClientNode, ServiceServerNode,
    SensorSubscriberNode, SensorPublisherNode, SyncedSubscribersNode,
    TransformListenerNode, TransformBroadcasterNode, ActionClientNode, ActionServerNode,
    JointTrajectoryPublisher, FollowJointTrajectory, NavigateToPose, MujocoRobotNode,
    TeacherPolicyNode, DistillationTrainerNode,
)


_NEAR = 0.75
_LONG_ENOUGH = 4


def _word(name: str) -> str:
    """Return a type's name as it is compared: without the ending that every type may have."""
    return name.removesuffix("Node").lower()


def _slot_type(widget: Widget) -> str:
    """Return the type of the slot that the editor gives to a widget."""
    if widget.choices:
        return "COMBO"
    return {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}[widget.kind]


class Catalogue:
    """Node types and port types by the names that workflow files use."""

    def __init__(self, types: Iterable[type[Node]] = BUILT_IN):
        """Hold ``types``; a later type replaces an earlier one of the same name."""
        self.port_types = PortTypes()
        self._types: dict[str, type[Node]] = {}
        self._names: dict[str, str] = {}
        for node_type in types:
            self.add(node_type)

    def add(self, node_type: type[Node]) -> None:
        """Add a type under its name and aliases, each with and without the ending ``Node``.

        A namesake of another type leaves it the name.  Raises ValueError for one that declares
        what nothing can be made of.
        """
        check_declarations(node_type)
        self._types[node_type.type_name] = node_type
        if node_type.namesake_of in self._types:
            return
        for name in (node_type.type_name, *node_type.aliases):
            for variant in (name, name.removesuffix("Node"), name.removesuffix("Node") + "Node"):
                if variant == name or variant not in self._types:
                    self._names[variant] = node_type.type_name

    def find(self, name: str) -> type[Node] | None:
        """Return the type that a workflow's ``name`` means, or None."""
        known = self._names.get(name)
        return self._types[known] if known else None

    def declared(self, type_name: str) -> type[Node] | None:
        """Return the type whose own name ``type_name`` is, or None."""
        return self._types.get(type_name)

    def names(self) -> dict[str, type[Node]]:
        """Return the types by all names that files use; the own name of a namesake means it."""
        return {name: self._types[known] for name, known in self._names.items()} | self._types

    def namesakes(self, node_type: type[Node]) -> list[type[Node]]:
        """Return the types that files mean by the name of ``node_type``, too."""
        return [each for each in self if each.namesake_of == node_type.type_name]

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """Return the known names of which ``name`` may be a slip, the likeliest first."""
        by_word = {_word(known): known for known, node_type in self._types.items()
                   if not node_type.namesake_of}
        word = _word(name)
        close = difflib.get_close_matches(word, by_word, n=count, cutoff=_NEAR)
        # A name of which the end is missing, or the other way round, is near as well; one that
        # has but the end in common is another word: KSampler is no BatchSampler.
        longer = [known for known in by_word if min(len(known), len(word)) >= _LONG_ENOUGH
                  and (known.startswith(word) or word.startswith(known))]
        return [by_word[match] for match in dict.fromkeys([*close, *longer])][:count]

    def current(self) -> list[type[Node]]:
        """Return the types that new graphs take."""
        return [type for type in self if not type.superseded_by]

    def __iter__(self) -> Iterator[type[Node]]:
        return iter(self._types.values())

    def signature(self, name: str) -> NodeSignature | None:
        """Return what the workflow parser must know of the type, or None if it is unknown."""
        node_type = self.find(name)
        if node_type is None:
            return None
        namesakes = tuple(self._signature(each, name) for each in self.namesakes(node_type))
        return replace(self._signature(node_type, name), namesakes=namesakes)

    def _signature(self, node_type: type[Node], name: str) -> NodeSignature:
        foreign = node_type.foreign_widgets.get(name)
        widgets = {} if foreign is not None else node_type.widgets
        return NodeSignature(
            type=node_type.type_name,
            inputs=tuple(PortSignature(port.name, port.type.name, port.aliases,
                                       tuple(type.name for type in port.accepts_also))
                         for port in node_type.inputs.values()),
            outputs=tuple(PortSignature(port.name, port.type.name, port.aliases)
                          for port in node_type.outputs.values()),
            widgets=tuple(WidgetSignature(name, widget.seed, _slot_type(widget))
                          for name, widget in widgets.items()),
            types_match=self._types_match,
            retired=(*node_type.retired_widgets, *(foreign or ())),
            outputs_with=node_type.outputs_with,
            is_namesake=node_type.namesake_of != "",
            own_ports=has_own_ports(node_type))

    def _types_match(self, output: str, input: str) -> bool:
        """Tell whether an input takes what an output gives, by the names of their types."""
        source, target = self.port_types.named(output), self.port_types.named(input)
        return source is not None and target is not None and target.accepts(source)
