"""Run dataflow graphs for machine learning and robotics as ROS 2 systems.

What the author of node types uses is imported from here.  It is loaded when it is first asked
for, so that importing the package costs nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # checkers know the name; importing `typing` would double the cost
if TYPE_CHECKING:
    from dnne_ros.arrays import as_array, as_tensor
    from dnne_ros.errors import DnneError, InputError, NodeError, PeerError
    from dnne_ros.loggers.registry import LoggerKind
    from dnne_ros.loggers.run_logger import RunFacts, RunLogger
    from dnne_ros.node_api.answering import answer_items
    from dnne_ros.node_api.checkpoint_trigger import (
        CheckpointTrigger,
        checkpoint_widgets,
        trigger_problems,
    )
    from dnne_ros.node_api.clock import Clock, SteadyClock
    from dnne_ros.node_api.context import Boundary, Log, NodeContext
    from dnne_ros.node_api.devices import pick_device
    from dnne_ros.node_api.health import Health, Level
    from dnne_ros.node_api.health_reporter import HealthReporter
    from dnne_ros.node_api.inline import Inline
    from dnne_ros.node_api.node import Node
    from dnne_ros.node_api.own_ports import type_with_ports
    from dnne_ros.node_api.port_types import (
        Action,
        AnyTensor,
        AnyValue,
        Boolean,
        Dataloader,
        Dataset,
        Dict,
        Float,
        GradientTensor,
        Image,
        Imu,
        Int,
        JointState,
        Layers,
        Model,
        NetworkHandle,
        Optimizer,
        PolicyOutput,
        PortType,
        Schema,
        SimHandle,
        String,
        Sync,
        Tensor,
        Twist,
        array_to_tensor,
        tensor_to_array,
    )
    from dnne_ros.node_api.ports import Input, Output, Ports
    from dnne_ros.node_api.ros_actions import (
        ActionCaller,
        ActionUse,
        GoalRejectedError,
        RosActions,
        SentGoal,
        ServedGoal,
        ServerGoneError,
    )
    from dnne_ros.node_api.ros_frames import Broadcast, FrameError, FrameTransform, RosFrames
    from dnne_ros.node_api.ros_services import Answer, RosServices, ServiceCaller, ServiceUse
    from dnne_ros.node_api.ros_topics import QOS_PRESETS, RosTopics, TopicPublisher, TopicUse
    from dnne_ros.node_api.seeding import node_seed
    from dnne_ros.node_api.state import NodeState
    from dnne_ros.node_api.supply import give_items
    from dnne_ros.node_api.widget import Widget, WidgetError
    from dnne_ros.sim.registry import Backend
    from dnne_ros.sim.simulator import ArraySpec, SimulationError, Simulator, StepResult, TaskSpec
    from dnne_ros.sim.simulator_settings import SimulatorSettings
    from dnne_ros.toolkit.blocking_helpers import (
        BatchedWriter,
        LatestValue,
        PeriodicPoll,
        StartupWork,
    )
    from dnne_ros.toolkit.breath import Breath
    from dnne_ros.toolkit.circuit_breaker import Circuit, CircuitBreaker, CircuitOpen
    from dnne_ros.toolkit.device_reader import Device, DeviceReader
    from dnne_ros.toolkit.error_limit import ErrorLimit, SafeDefault
    from dnne_ros.toolkit.rate import Rate
    from dnne_ros.toolkit.retrying import retrying
    from dnne_ros.toolkit.throttle import Throttle
    from dnne_ros.transport.codec import Codec, MessageCodec
    from dnne_ros.transport.codecs import codec_for
    from dnne_ros.transport.payload import Array, ImuReading, JointStates, Velocity, Wire
    from dnne_ros.transport.policy import EdgePolicy

_NAMES = {
    "arrays": "as_array as_tensor",
    "errors": "DnneError InputError NodeError PeerError",
    "loggers.registry": "LoggerKind",
    "loggers.run_logger": "RunFacts RunLogger",
    "node_api.checkpoint_trigger": "CheckpointTrigger checkpoint_widgets trigger_problems",
    "node_api.answering": "answer_items",
    "node_api.clock": "Clock SteadyClock",
    "node_api.devices": "pick_device",
    "node_api.health": "Health Level",
    "node_api.health_reporter": "HealthReporter",
    "node_api.context": "Boundary Log NodeContext",
    "node_api.inline": "Inline",
    "node_api.node": "Node",
    "node_api.port_types":
        "Action AnyTensor AnyValue Boolean Dataloader Dataset Dict Float GradientTensor Image Imu "
        "Int JointState Layers Model NetworkHandle Optimizer PolicyOutput PortType Schema "
        "SimHandle String Sync Tensor Twist array_to_tensor tensor_to_array",
    "node_api.own_ports": "type_with_ports",
    "node_api.ports": "Input Output Ports",
    "node_api.ros_actions":
        "ActionCaller ActionUse GoalRejectedError RosActions SentGoal ServedGoal ServerGoneError",
    "node_api.ros_frames": "Broadcast FrameError FrameTransform RosFrames",
    "node_api.ros_services": "Answer RosServices ServiceCaller ServiceUse",
    "node_api.ros_topics": "QOS_PRESETS RosTopics TopicPublisher TopicUse",
    "node_api.seeding": "node_seed",
    "node_api.state": "NodeState",
    "node_api.supply": "give_items",
    "node_api.widget": "Widget WidgetError",
    "sim.registry": "Backend",
    "sim.simulator": "ArraySpec SimulationError Simulator StepResult TaskSpec",
    "sim.simulator_settings": "SimulatorSettings",
    "toolkit.blocking_helpers": "BatchedWriter LatestValue PeriodicPoll StartupWork",
    "toolkit.breath": "Breath",
    "toolkit.circuit_breaker": "Circuit CircuitBreaker CircuitOpen",
    "toolkit.device_reader": "Device DeviceReader",
    "toolkit.error_limit": "ErrorLimit SafeDefault",
    "toolkit.rate": "Rate",
    "toolkit.retrying": "retrying",
    "toolkit.throttle": "Throttle",
    "transport.codec": "Codec MessageCodec",
    "transport.codecs": "codec_for",
    "transport.payload": "Array ImuReading JointStates Velocity Wire",
    "transport.policy": "EdgePolicy",
}
HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}
"""The module that each name comes from, as seen from this package."""

__all__ = [
    "QOS_PRESETS",
    "Action",
    "ActionCaller",
    "ActionUse",
    "Answer",
    "AnyTensor",
    "AnyValue",
    "Array",
    "ArraySpec",
    "Backend",
    "BatchedWriter",
    "Boolean",
    "Boundary",
    "Breath",
    "Broadcast",
    "CheckpointTrigger",
    "Circuit",
    "CircuitBreaker",
    "CircuitOpen",
    "Clock",
    "Codec",
    "Dataloader",
    "Dataset",
    "Device",
    "DeviceReader",
    "Dict",
    "DnneError",
    "EdgePolicy",
    "ErrorLimit",
    "Float",
    "FrameError",
    "FrameTransform",
    "GoalRejectedError",
    "GradientTensor",
    "Health",
    "HealthReporter",
    "Image",
    "Imu",
    "ImuReading",
    "Inline",
    "Input",
    "InputError",
    "Int",
    "JointState",
    "JointStates",
    "LatestValue",
    "Layers",
    "Level",
    "Log",
    "LoggerKind",
    "MessageCodec",
    "Model",
    "NetworkHandle",
    "Node",
    "NodeContext",
    "NodeError",
    "NodeState",
    "Optimizer",
    "Output",
    "PeerError",
    "PeriodicPoll",
    "PolicyOutput",
    "PortType",
    "Ports",
    "Rate",
    "RosActions",
    "RosFrames",
    "RosServices",
    "RosTopics",
    "RunFacts",
    "RunLogger",
    "SafeDefault",
    "Schema",
    "SentGoal",
    "ServedGoal",
    "ServerGoneError",
    "ServiceCaller",
    "ServiceUse",
    "SimHandle",
    "SimulationError",
    "Simulator",
    "SimulatorSettings",
    "StartupWork",
    "SteadyClock",
    "StepResult",
    "String",
    "Sync",
    "TaskSpec",
    "Tensor",
    "Throttle",
    "TopicPublisher",
    "TopicUse",
    "Twist",
    "Velocity",
    "Widget",
    "WidgetError",
    "Wire",
    "answer_items",
    "array_to_tensor",
    "as_array",
    "as_tensor",
    "checkpoint_widgets",
    "codec_for",
    "give_items",
    "node_seed",
    "pick_device",
    "retrying",
    "tensor_to_array",
    "trigger_problems",
    "type_with_ports",
]

if not TYPE_CHECKING:  # with it, checkers would take any name
    def __getattr__(name: str) -> object:
        """Load what is asked for the first time."""
        home = HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Return what there is, loaded or not."""
    return sorted({*globals(), *HOMES})
