"""The ports of a LEAPP bundle: one for each tensor, or for what a message brings together."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dnne_ros.node_api.port_types import Action, Imu, JointState, PortType, Tensor, Twist
from dnne_ros.node_api.ports import Input, Output, Ports
from dnne_ros.policies.leapp_bundle import LeappBundle, LeappTensor
from dnne_ros.policies.leapp_kinds import (
    Joints,
    Messages,
    commanded_joints,
    observed_messages,
)
from dnne_ros.transport.policy import EdgePolicy

JOINT_STATES, IMU, VELOCITY = "joint_states", "imu", "cmd_vel"
JOINT_COMMANDS = "joint_commands"


@dataclass(frozen=True)
class LeappPorts:
    """What the ports of a node are to its bundle.

    ``inputs`` and ``outputs`` have the ``model/tensor`` of each tensor's own port; ``messages``
    and ``commands`` what comes and goes as messages.
    """

    ports: Ports
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    messages: Messages = field(default_factory=Messages)
    commands: Mapping[str, Joints] = field(default_factory=dict)


def leapp_ports(bundle: LeappBundle, by_kind: bool, taken: Collection[str]) -> LeappPorts:
    """Return the ports of a bundle; none of them is called as one of ``taken``.

    ``by_kind``: joint states, an IMU and a velocity command come as messages, joints are commanded
    in one, too.
    """
    messages = observed_messages(bundle.inputs) if by_kind else Messages()
    commands = commanded_joints(bundle.outputs) if by_kind else {}
    inputs = _message_inputs(messages)
    inputs_of = _port_names([end for end in bundle.inputs if end not in messages.ends],
                            {*taken, *(port.name for port in inputs)})
    outputs_of = _port_names(bundle.outputs, {*taken, *([JOINT_COMMANDS] if commands else [])})
    inputs += [Input(_type(bundle.inputs[end]), _doc(bundle.inputs[end]), name=name,
                     aliases=_aliases(end, name, inputs_of)) for name, end in inputs_of.items()]
    outputs = [Output(_type(bundle.outputs[end], commands=True), _doc(bundle.outputs[end]),
                      name=name, aliases=_aliases(end, name, outputs_of))
               for name, end in outputs_of.items()]
    if commands:
        outputs.append(Output(JointState(), "What is commanded, of each joint by its name.",
                              name=JOINT_COMMANDS))
    return LeappPorts(Ports(tuple(inputs), tuple(outputs)), inputs_of, outputs_of, messages,
                      commands)


def _message_inputs(messages: Messages) -> list[Input]:
    found = []
    if messages.joints:
        names = dict.fromkeys(name for joints in messages.joints.values() for name in joints.names)
        found.append(Input(JointState(), f"The robot's joints, in any order, among others: "
                           f"{', '.join(names)}.", external=True, name=JOINT_STATES,
                           policy=EdgePolicy.DROP_OLDEST))
    if messages.imu:
        found.append(Input(Imu(), "What the robot's IMU measures; the newest counts.",
                           external=True, name=IMU))
    if messages.velocity:
        found.append(Input(Twist(), "The velocity that is wanted; the newest counts, and none is "
                           "zero.", optional=True, external=True, name=VELOCITY))
    return found


def _port_names(ends: Collection[str], taken: Collection[str]) -> dict[str, str]:
    """Return ``model/tensor`` by the names of the ports: the tensor's, where nothing else is so.

    Characters that topics may not have become underscores.
    """
    short = [_legal(end.partition("/")[2]) for end in ends]
    names: dict[str, str] = {}
    for end, name in zip(ends, short, strict=True):
        if name in taken or short.count(name) > 1:
            name = _legal(end)
        while name in taken or name in names:
            name += "_"
        names[name] = end
    return names


def _legal(name: str) -> str:
    token = re.sub(r"[^A-Za-z0-9_]", "_", name)[:80]
    return token if token[:1].isalpha() else f"tensor_{token}"


def _aliases(end: str, name: str, ends: Mapping[str, str]) -> tuple[str, ...]:
    """Return how else files may call a port: ``model/tensor``, and the tensor's own name."""
    tensor = end.partition("/")[2]
    alone = sum(other.partition("/")[2] == tensor for other in ends.values()) == 1
    return (end, *([tensor] if alone and tensor != name and tensor not in ends else []))


def _type(tensor: LeappTensor, *, commands: bool = False) -> PortType:
    """Return a tensor's port type; what commands joints is an action, in the joints' units."""
    if commands and tensor.dtype == "float32" and len(tensor.shape) == 2 \
            and re.match("(target|command)/joint/", tensor.kind):
        return Action()
    batch = 1 if len(tensor.shape) > 1 and tensor.shape[0] == 1 else 0
    name = _legal(tensor.name)
    rest = len(tensor.shape) - batch
    axes = (name,) if rest == 1 else tuple(f"{name}_{number}" for number in range(rest))
    return Tensor(tensor.dtype, ("env",) * batch + axes)


def _doc(tensor: LeappTensor) -> str:
    elements = f": {', '.join(tensor.elements)}" if tensor.elements else ""
    return f"{tensor.kind or 'no kind'}, {list(tensor.shape)}{elements}."
