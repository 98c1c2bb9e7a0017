"""The robot's nodes of older files, whose topics are ports.

They are `RosSubscriberNode` and `RobotControllerNode`, which listen and speak at ports.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from types import SimpleNamespace
from typing import Any

import numpy as np

from dnne_ros.arrays import as_tensor
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, JointState, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.robot.robot_controller import RobotControllerNode
from dnne_ros.nodes.ros.ros_subscriber import RosSubscriberNode
from dnne_ros.nodes.ros.topic_widgets import made, misfits, optional_names
from dnne_ros.transport.policy import EdgePolicy

_QUANTITIES = ("position", "velocity", "effort")
_FIXED = "it is part of the policy interface"
_CLOSE_SECONDS = 0.5
_MOST_PARTS = 256


class _InputSubscriber(RosSubscriberNode):
    """Hears joint states at the input ``joint_states``; ``observations`` are what it gives."""

    def listen(self) -> None:
        """Leave it to the input."""
        self._waiting = deque()
        self._adds_up = False

    async def arrivals(self, timeout: float | None) -> list[tuple[Any, float]]:
        """Return the joint states that wait, with the names that the messages have."""
        taken = [await self.get_input("joint_states", timeout)]
        taken += await self.get_batch("joint_states", _MOST_PARTS, 0.0)
        self._counts["received"] += len(taken)
        return [(SimpleNamespace(name=states.names, position=states.position,
                                 velocity=states.velocity, effort=states.effort),
                 self.context.steady.now()) for states in taken]

    def giving(self) -> AbstractContextManager[None]:
        """Leave it to `give`."""
        return nullcontext()

    async def give(self, value: Any, stamp: int) -> None:
        """Send the observation."""
        await self.send_output(value, "observations")


class _OutputController(RobotControllerNode):
    """Commands the robot by the output ``commands``."""

    _unsent: np.ndarray | None = None

    def advertise(self) -> None:
        """Leave it to the output."""

    def command_robot(self, command: np.ndarray) -> None:
        """Let the command be sent."""
        self._unsent = command

    def news(self) -> dict[str, Any]:
        """Return the newest command, unless it was sent."""
        self._news = False
        command, self._unsent = self._unsent, None
        return {} if command is None else {"commands": as_tensor(command.copy())}

    async def close(self) -> None:
        """Send the last command."""
        await super().close()
        with suppress(asyncio.TimeoutError):  # a consumer in the graph may have ended full
            await asyncio.wait_for(self.tell(), _CLOSE_SECONDS)


class JointObservationsNode(Node):
    """Give a robot's joint states to a policy as observations, at the policy's rate.

    It is RosSubscriber with ``policy_input``, ``order=elements`` and the joints as ``names``, on a
    topic that is an input: remap it, or link it.
    """

    category = "robotics"
    superseded_by = "RosSubscriberNode"
    needs_policy_interface = True
    without_torch = True

    joint_states = Input(JointState(), "The robot's joints.", external=True,
                         policy=EdgePolicy.DROP_OLDEST)
    observations = Output(Tensor("float32", ("env", "observation")),
                          "(1, joints · quantities): all quantities of the first joint, then of "
                          "the next.")
    joints = Widget("slider_to_cart,cart_to_pole", "Joints in the policy's order, with commas.",
                    fixed_because=_FIXED)
    quantities = Widget("position,velocity", "What the policy sees of each joint: position, "
                        "velocity, effort.", fixed_because=_FIXED)
    rate = Widget(60.0, "Observations in a second.", minimum=0.1, maximum=10_000.0, unit="Hz",
                  fixed_because=_FIXED)
    timeout = Widget(0.1, "Silence of the robot that is worth a warning.", minimum=0.001,
                     maximum=3600.0, unit="s", live=True)
    part_age = Widget(0.1, "Joint states that hold some of the joints, as several broadcasters "
                      "publish them, add up, each joint for so long; 0: what lacks one is "
                      "dropped.", minimum=0.0, maximum=3600.0, unit="s", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the lists of names."""
        return misfits(_joints, values) + misfits(_quantities, values)

    def setup(self) -> None:
        """Prepare to hear the joints."""
        self._subscriber = _InputSubscriber({
            "topic": "joint_states", "field": ",".join(made(_quantities, self.values)),
            "names": ",".join(made(_joints, self.values)), "order": "elements",
            "rate": self.rate, "timeout": self.timeout, "policy_input": True,
            "part_age": self.part_age})
        self._subscriber.context = self.context
        self._subscriber.setup()

    def policy_interface(self) -> Mapping[str, Any]:
        """Say which joints the policy sees, in which columns, how often."""
        return self._subscriber.policy_interface()

    def widget_changed(self, name: str) -> None:
        """Take up ``timeout`` and ``part_age`` as they are now."""
        self._subscriber.values[name] = self.values[name]
        self._subscriber.widget_changed(name)

    async def process(self) -> None:
        """Give one observation each period, as long as the robot speaks."""
        await self._subscriber.process()


class JointCommandsNode(Node):
    """Command a robot's joints with a policy's actions.

    It is RobotController without limits, on a topic that is an output: remap it, or link it.  It
    obeys each action.
    """

    category = "robotics"
    superseded_by = "RobotControllerNode"
    needs_policy_interface = True
    without_torch = True
    acts_outside = True

    action = Input(Action(), "What to command, (1, joint).", aliases=("actions",))
    commands = Output(Tensor("float64", ("joint",)), "One number a joint, as ros2_control's "
                      "forward command controllers take them.")
    joints = Widget("slider_to_cart", "Commanded joints in the controller's order, with commas.",
                    fixed_because=_FIXED)
    quantity = Widget("effort", "What is commanded.", choices=_QUANTITIES, fixed_because=_FIXED)
    timeout = Widget(0.1, "Time without an action after which the robot is stopped.",
                     minimum=0.001, maximum=3600.0, unit="s", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the list of joints."""
        return misfits(_joints, values)

    def setup(self) -> None:
        """Prepare to command the joints."""
        joints = made(_joints, self.values)
        self._controller = _OutputController({
            "num_joints": len(joints), "joint_names": ",".join(joints),
            "control_type": self.quantity, "joint_limits": "[-Infinity, Infinity]",
            "timeout": self.timeout})
        self._controller.context = self.context
        self._controller.setup()

    def policy_interface(self) -> Mapping[str, Any]:
        """Say which joints actions are for."""
        return self._controller.policy_interface()

    def widget_changed(self, name: str) -> None:
        """Wait for as long as ``timeout`` says now."""
        self._controller.values[name] = self.values[name]

    async def process(self) -> None:
        """Command each action, and a stop when none comes in time."""
        await self._controller.process()

    async def close(self) -> None:
        """Leave no command behind that nobody corrects any more."""
        await self._controller.close()


def _names(values: Mapping[str, Any], widget: str) -> tuple[str, ...]:
    """Return the names in a list that must have some; ValueError for anything else."""
    try:
        names = optional_names(values[widget])
    except ValueError:
        names = ()
    if not names:
        raise ValueError(f"widget {widget!r}: expected names separated by commas, each once, none "
                         f"empty, found {values[widget]!r:.80}")
    return names


def _joints(values: Mapping[str, Any]) -> tuple[str, ...]:
    return _names(values, "joints")


def _quantities(values: Mapping[str, Any]) -> tuple[str, ...]:
    names = _names(values, "quantities")
    if not {*names} <= {*_QUANTITIES}:
        raise ValueError(f"widget 'quantities': expected some of {', '.join(_QUANTITIES)}, found "
                         f"{values['quantities']!r:.80}")
    return names
