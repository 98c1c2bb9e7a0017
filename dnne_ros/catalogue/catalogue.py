"""The catalogue of node types: every type that a workflow may name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PortTypes
from dnne_ros.nodes.display.display import DisplayNode
from dnne_ros.nodes.display.tensor_visualizer import TensorVisualizer
from dnne_ros.nodes.flow.merge import ORNode
from dnne_ros.nodes.perception.perception import (
    DecisionNetworkNode,
    SoundNetworkNode,
    VisionNetworkNode,
)
from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode
from dnne_ros.nodes.robot.joint_nodes import JointCommandsNode, JointObservationsNode
from dnne_ros.nodes.robot.robot_controller import RobotControllerNode
from dnne_ros.nodes.ros.ros_publisher import RosPublisherNode
from dnne_ros.nodes.ros.ros_subscriber import RosSubscriberNode
from dnne_ros.nodes.sensors.audio_sensor import AudioSensorNode
from dnne_ros.nodes.sensors.camera_sensor import CameraSensorNode
from dnne_ros.nodes.sensors.imu_sensor import IMUSensorNode
from dnne_ros.nodes.simulation.action import ActionNode
from dnne_ros.nodes.simulation.cartpole import CartpoleActionNode, CartpoleRewardNode
from dnne_ros.nodes.simulation.former_names import IsaacGymEnvNode, IsaacGymStepNode
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode, SimulatorStepNode
from dnne_ros.nodes.supervised.batches import BatchSampler, GetBatch
from dnne_ros.nodes.supervised.epoch_tracker import EpochTracker
from dnne_ros.nodes.supervised.layers import (
    Activation,
    BatchNorm,
    Conv2DLayer,
    Dropout,
    Flatten,
    LinearLayer,
)
from dnne_ros.nodes.supervised.losses import Accuracy, CrossEntropyLoss
from dnne_ros.nodes.supervised.mnist_dataset import MNISTDataset
from dnne_ros.nodes.supervised.network import Network
from dnne_ros.nodes.supervised.optimizers import AdamOptimizer, SGDOptimizer, TrainingStep
from dnne_ros.workflow.signature import NodeSignature, PortSignature, WidgetSignature

BUILT_IN: tuple[type[Node], ...] = (
    SimulatorEnvNode, SimulatorStepNode, IsaacGymEnvNode, IsaacGymStepNode, ORNode, PPOAgentNode,
    PPOTrainerNode,
    ActionNode, CartpoleActionNode, CartpoleRewardNode, JointObservationsNode, JointCommandsNode,
    MNISTDataset, BatchSampler, GetBatch, Network, LinearLayer, Conv2DLayer, Activation, Dropout,
    BatchNorm, Flatten, CrossEntropyLoss, Accuracy, SGDOptimizer, AdamOptimizer, TrainingStep,
    EpochTracker, TensorVisualizer,
    DisplayNode, RosSubscriberNode, RosPublisherNode, RobotControllerNode,
    CameraSensorNode, IMUSensorNode, AudioSensorNode, VisionNetworkNode, SoundNetworkNode,
    DecisionNetworkNode,
)


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
        """Add a type under its name and aliases, each with and without the ending ``Node``."""
        self._types[node_type.type_name] = node_type
        for name in (node_type.type_name, *node_type.aliases):
            for variant in (name, name.removesuffix("Node"), name.removesuffix("Node") + "Node"):
                if variant == name or variant not in self._types:
                    self._names[variant] = node_type.type_name

    def find(self, name: str) -> type[Node] | None:
        """Return the type that a workflow's ``name`` means, or None."""
        known = self._names.get(name)
        return self._types[known] if known else None

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """Return the known names that look most like ``name``."""
        by_lower = {known.lower(): known for known in self._types}
        close = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.6)
        return [by_lower[match] for match in close]

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
        return NodeSignature(
            type=node_type.type_name,
            inputs=tuple(PortSignature(port.name, port.type.name, port.aliases)
                         for port in node_type.inputs.values()),
            outputs=tuple(PortSignature(port.name, port.type.name, port.aliases)
                          for port in node_type.outputs.values()),
            widgets=tuple(WidgetSignature(name, widget.seed)
                          for name, widget in node_type.widgets.items()),
            types_match=self._types_match)

    def _types_match(self, output: str, input: str) -> bool:
        """Tell whether an input takes what an output gives, by the names of their types."""
        source, target = self.port_types.named(output), self.port_types.named(input)
        return source is not None and target is not None and target.accepts(source)
