"""The last node before a robot: nothing gets past it that the robot should not be told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import numpy as np

from dnne_ros.arrays import all_finite_in, as_doubles, as_tensor
from dnne_ros.messages.making import FLOAT64_ARRAY, float64_array
from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Boolean, Dict, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.robot.command_limits import CommandLimits, safe_values
from dnne_ros.nodes.robot.gains import GAINS, GainSender, gain_topics, gains_by_joint
from dnne_ros.nodes.ros.topic_widgets import made, misfits, optional_names, topic_misfits
from dnne_ros.toolkit.side_by_side import side_by_side
from dnne_ros.transport.policy import EdgePolicy

_SAFE_PERIOD = 0.02
_FIXED = "it is part of the policy interface"


class RobotControllerNode(Node):
    """Command a robot's joints with actions, within their limits and only while actions come.

    Commands go to ``topic`` as ros2_control's forward command controllers take them: one
    Float64MultiArray with a number for each joint.  Each is clamped to ``joint_limits`` and to
    ``max_change``.  An action with a number that is not finite is never passed on.  After
    ``timeout`` without a good action the safe command is sent, again and again, until actions
    come back; it does not wait for anything else in the graph.  Nothing is commanded before the
    first action.  When the run ends, so do velocities and efforts: with the safe command, or with
    zero where the last one would be held.  Gains that positions are to be reached with (``kp``,
    ``kd``) are compared with those of training, and go out in the same way as commands.
    """

    category = "robotics"
    answers_items = True
    without_torch = True
    acts_outside = True

    action = Input(Action(), "What to command, (1, joint) or (joint), in the joints' units; the "
                   "newest counts.", accepts_also=(Tensor(),), aliases=("actions",),
                   policy=EdgePolicy.LATEST)
    joint_commands = Output(Tensor("float64", ("joint",)), "What was commanded, in rad, m, rad/s, "
                            "m/s, N·m or N.")
    status = Output(Dict(), "state (active or safe), message and the counters.")
    restart = Output(Boolean(), "True when the policy must begin anew: it was stopped.")
    num_joints = Widget(7, "Commanded joints.", minimum=1, maximum=1000, fixed_because=_FIXED)
    control_type = Widget("position", "What is commanded.",
                          choices=("position", "velocity", "effort"), fixed_because=_FIXED)
    joint_limits = Widget("[-3.14, 3.14]", "Least and greatest command: [low, high] for all "
                          "joints, or a list of such pairs.")
    joint_names = Widget("", "Names in the controller's order, with commas; empty: not said. The "
                         "policy interface is checked against them.", fixed_because=_FIXED)
    max_change = Widget("", "Greatest change of a command in a second: a number, or a list with "
                        "one for each joint; empty: any.")
    out_of_limits = Widget("clamp", "What becomes of an action beyond the limits; refused ones "
                           "count as none.", choices=("clamp", "refuse"), live=True)
    timeout = Widget(0.1, "Time without an action after which the safe command is sent.",
                     minimum=0.001, maximum=3600.0, unit="s", live=True)
    safe_command = Widget("auto", "zero, hold (the last command) or a list with one number for "
                          "each joint; auto: hold for positions, else zero.")
    topic = Widget("~/commands", "Where the controller listens, such as "
                   "/effort_controller/commands.")
    trained_only = Widget(False, "Run only with a trained policy whose interface fits.",
                          fixed_because=_FIXED)
    kp = Widget("", "Gains of the position control behind this, a number for all joints or "
                "{name: number} as JSON; empty: not said.", fixed_because=_FIXED)
    kd = Widget("", "Its damping, likewise.", fixed_because=_FIXED)
    kp_topic = Widget("", "Where to send kp, such as /kp_controller/commands; empty: the "
                      "robot has them.")
    kd_topic = Widget("", "Where to send kd, likewise.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check names, limits, gains and the safe command against the number of joints."""
        names = misfits(_joints, values)
        return (topic_misfits(values["topic"]) + misfits(_limits, values)
                + misfits(_safe_values, values) + (names or misfits(gains_by_joint, values)))

    @classmethod
    def needs_trained_policy(cls, values: Mapping[str, Any]) -> bool:
        """Say what the widget says."""
        return bool(values["trained_only"])

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say where it sends commands and gains."""
        return (TopicUse(values["topic"], FLOAT64_ARRAY, publishes=True), *gain_topics(values))

    def setup(self) -> None:
        """Read the limits and advertise the commands."""
        self._limits = made(_limits, self.values)
        self._safe = made(_safe_values, self.values)
        self._names = made(_joints, self.values)
        self._gains = made(gains_by_joint, self.values)
        self._gain_sender = GainSender(self.context.topics, self._gains, self.values)
        self.advertise()
        self.context.topics.rehearse(self._rehearse)
        # A motor that has not been told anything pushes nothing; where it stands is not known.
        self._last = None if self.control_type == "position" else np.zeros(self.num_joints)
        self._last_sent = self._last_good = self.context.steady.now()
        self._news = self._stopped = False
        self._stirs = asyncio.Event()
        self._trouble = HealthReporter(self.context)
        self._counts = self.context.health.values
        self._counts.update(actions=0, refused=0, clamped=0, slowed=0, safe_stops=0)
        self._set_state("idle")

    def advertise(self) -> None:
        """Open the way on which commands go to the robot."""
        self._publisher = self.context.topics.advertise(self.topic, FLOAT64_ARRAY)

    def command_robot(self, command: np.ndarray) -> None:
        """Send a command, float64 (joints,), to the robot, without waiting for anything."""
        self._publisher.publish(float64_array(command))

    def news(self) -> dict[str, Any]:
        """Return the newest command and the state for the graph, and that it was stopped."""
        self._news = False
        news: dict[str, Any] = {}
        if self._stopped:
            self._stopped = False
            news["restart"] = True
        if self._last is not None:
            news["joint_commands"] = as_tensor(self._last.copy())
        return {**news, "status": {"message": self.context.health.message, **self._counts}}

    async def tell(self) -> None:
        """Give the graph what `news` says."""
        for port, value in self.news().items():
            await self.send_output(value, port)

    def policy_interface(self) -> dict[str, Any]:
        """Say which joints actions are for, if they have names, and with which gains."""
        gains = {name: self._gains.get(name) for name in GAINS}
        if not self._names:
            return gains
        return {"actions": [f"{joint}.{self.control_type}" for joint in self._names], **gains}

    async def process(self) -> None:
        """Obey actions, and watch that they come: a full edge must not hold up the watch."""
        await side_by_side(*self.duties())

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        """Return what is done all the time, side by side."""
        return [answer_items(self, ("action",), self._obey), self._watch(), self._tell()]

    async def close(self) -> None:
        """Leave no push behind that nobody corrects any more."""
        if self._state != "idle" and self.control_type != "position":
            self._publish(np.zeros(self.num_joints) if self._safe is None else self._safe)

    def _obey(self, action: Any) -> dict[str, Any]:
        """Command an action, or refuse it; return what is to be told of that."""
        self._take(action)
        return self.news()

    def _take(self, action: Any) -> None:
        command = as_doubles(action).reshape(-1)
        if command.size != self.num_joints:
            raise ValueError(f"expected an action of {self.num_joints} joints, found shape "
                             f"{tuple(action.shape)}")
        self._counts["actions"] += 1
        inside = self._limits.hold(command)
        clamped = command if inside else self._limits.clamp(command)
        finite = inside or all_finite_in(command)
        if not finite or (not inside and self.out_of_limits == "refuse"):
            self._counts["refused"] += 1
            what = "numbers that are not finite" if not finite else "beyond joint_limits"
            self._trouble.note("refused", f"refused an action: {what}: {_words(command)}")
            self._news = True
            return
        self._counts["clamped"] += not inside
        now = self.context.steady.now()
        command = self._approach(clamped, now)
        if command is not clamped:
            self._counts["slowed"] += bool((command != clamped).any())
        self._last_good = now
        self._set_state("active")
        self._publish(command)
        self._trouble.clear("actions are back")

    def _rehearse(self) -> None:
        """Make the last command once more, for nobody."""
        if self._last is not None:
            command = as_doubles(as_tensor(self._last.copy())).reshape(-1)
            self._limits.hold(command)
            float64_array(command)

    async def _watch(self) -> None:
        """Send the safe command as soon as actions have not come for ``timeout``."""
        while True:
            silence = self.context.steady.now() - self._last_good
            if self._state == "idle":
                await self.context.steady.sleep(self.timeout)
            elif silence < self.timeout:
                await self.context.steady.sleep(self.timeout - silence)
            else:
                reached = self._send_safe()
                self._stirs.set()
                await self.context.steady.sleep(self.timeout if reached else _SAFE_PERIOD)

    async def _tell(self) -> None:
        """Tell the graph what the watch does."""
        while True:
            await self.context.steady.came_within(self._stirs, None)
            self._stirs.clear()
            if self._news:
                await self.tell()

    def _send_safe(self) -> bool:
        """Publish the safe command, or a step towards it; tell whether it is reached.

        A motor is let go at once, but positions are not jumped to.
        """
        if self._state == "active":
            self._set_state("safe")
            self._stopped = True
            self._counts["safe_stops"] += 1
            self._trouble.note(
                "safe", f"no action for {self.timeout:g} s: the safe command is sent")
        target = self._safe_target()
        command = target
        if self.control_type == "position":
            command = self._approach(target, self.context.steady.now())
        self._publish(command)
        return bool((command == target).all())

    def _safe_target(self) -> np.ndarray:
        if self._safe is not None:
            return self._safe
        assert self._last is not None  # the watch does not send before there was a command
        return self._last

    def _approach(self, command: np.ndarray, now: float) -> np.ndarray:
        if self._last is None or self._limits.is_unhurried:
            return command
        seconds = min(now - self._last_sent, self.timeout)  # a pause is no leave to jump
        return self._limits.approach(self._last, command, seconds)

    def _set_state(self, state: str) -> None:
        self._state = self._counts["state"] = state

    def _publish(self, command: np.ndarray) -> None:
        self.command_robot(command)
        self._last, self._last_sent = command, self.context.steady.now()
        self._gain_sender.tell(self._last_sent)
        self._news = True


def _limits(values: Mapping[str, Any]) -> CommandLimits:
    return CommandLimits.parse(values["num_joints"], values["joint_limits"],
                               values["max_change"])


def _joints(values: Mapping[str, Any]) -> tuple[str, ...]:
    names = optional_names(values["joint_names"])
    if names and len(names) != values["num_joints"]:
        raise ValueError(f"widget 'joint_names': expected num_joints={values['num_joints']} "
                         f"names, found {len(names)}")
    return names


def _safe_values(values: Mapping[str, Any]) -> np.ndarray | None:
    """Return the safe command, None to hold the last; ValueError for one beyond the limits."""
    joints = values["num_joints"]
    limits = CommandLimits(*np.array([[-np.inf], [np.inf], [np.inf]]).repeat(joints, axis=1)) \
        if misfits(_limits, values) else _limits(values)  # reported as what they are
    return safe_values(values["safe_command"], joints, values["control_type"], limits)


def _words(command: np.ndarray) -> str:
    return f"{command.tolist()!s:.120}"
