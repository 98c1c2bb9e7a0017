"""Between a policy and the controller: when its actions count, and how they begin to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import numpy as np

from dnne_ros.arrays import as_array, as_tensor
from dnne_ros.messages.gathering import PartGatherer
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.reading import NumberReader
from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Boolean, Dict, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.robot.command_limits import (
    CommandLimits,
    joint_pairs,
    joint_values,
    safe_values,
)
from dnne_ros.nodes.robot.gate import LATCHES, Gate, GateSettings
from dnne_ros.nodes.ros.topic_widgets import made, misfits, optional_names, topic_misfits
from dnne_ros.toolkit.side_by_side import side_by_side
from dnne_ros.transport.policy import EdgePolicy

_JOINT_STATE = "sensor_msgs/msg/JointState"
_FIXED = "it is part of the policy interface"
_PERIOD = 0.02
"""Seconds between commands while no action counts."""


class PolicyGate(Node):
    """Let a policy's actions through to a robot while all is well, and fade them in.

    Four states.  In hold, positions stay where the joints are, or go to ``start_pose`` at
    ``max_change``, and efforts and velocities are zero.  When actions come, all joints are known
    and at ``start_pose``, for ``hold_seconds``, actions fade in over ``fade_seconds``; then the
    gate runs: each action is clamped to ``joint_limits`` and ``max_change`` and passed on as it
    comes.  A joint that is missing, a number that is not finite, silence for ``timeout``, or a
    joint beyond ``position_bounds`` or ``max_velocity`` makes it safe: ``safe_command`` goes out
    every 20 ms, and the policy is told to begin anew.  From there it goes on with hold, or stays
    until it is reset (``latch``).
    """

    type_name = "PolicyGate"
    category = "robotics"
    answers_items = True
    without_torch = True

    action = Input(Action(), "What the policy commands, (1, joint) or (joint), in the joints' "
                   "units; the newest counts.", accepts_also=(Tensor(),), aliases=("actions",),
                   policy=EdgePolicy.LATEST)
    command = Output(Action(), "What the robot is to do, (1, joint): for RobotController.")
    restart = Output(Boolean(), "True when the policy must begin anew: it was stopped.")
    status = Output(Dict(), "state (hold, fade, run or safe), reason, latched and the counters.")
    joint_names = Widget("", "Commanded joints, in the policy's order, with commas.",
                         required=True, fixed_because=_FIXED)
    watched_joints = Widget("", "Further joints that must be heard of, such as those that the "
                            "policy sees, with commas.")
    control_type = Widget("position", "What is commanded.",
                          choices=("position", "velocity", "effort"), fixed_because=_FIXED)
    joint_limits = Widget("[-3.14, 3.14]", "Least and greatest command: [low, high] for all "
                          "joints, or a list of such pairs.")
    max_change = Widget("", "Greatest change of a command in a second: a number, or a list with "
                        "one for each joint; empty: any.")
    position_bounds = Widget("", "Where joints may be, as joint_limits; empty: anywhere.")
    max_velocity = Widget("", "How fast joints may be: a number, or a list; empty: any.")
    start_pose = Widget("", "Where joints must be before actions count: a list of positions; "
                        "empty: anywhere.")
    start_tolerance = Widget(0.05, "How far from start_pose a joint may be then.", minimum=0.0)
    hold_seconds = Widget(0.0, "Time for which all must be well before actions count.",
                          minimum=0.0, maximum=3600.0, unit="s")
    fade_seconds = Widget(0.5, "Time in which actions fade in.", minimum=0.0, maximum=3600.0,
                          unit="s")
    timeout = Widget(0.1, "Silence of the joints or of the policy after which it is safe.",
                     minimum=0.001, maximum=3600.0, unit="s", live=True)
    safe_command = Widget("auto", "zero, hold (the last command) or a list with one number for "
                          "each joint; auto: hold for positions, else zero.")
    latch = Widget("bounds", "Which stops last until a reset: those for position_bounds and "
                   "max_velocity, all, or none.", choices=LATCHES)
    reset = Widget(False, "Set it to true to end a stop that lasts.", live=True)
    topic = Widget("/joint_states", "Where the robot says where its joints are, a "
                   "sensor_msgs/JointState: /absolute, relative or ~/private.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check names, limits, poses and the safe command."""
        if not values["joint_names"].strip():
            return []  # that it must be given is said of every required widget
        if problems := topic_misfits(values["topic"]) + misfits(_heard, values):
            return problems
        return [problem for part in _PARTS.values() for problem in misfits(part, values)]

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say where it hears the joints."""
        return (TopicUse(values["topic"], _JOINT_STATE),)

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that nothing goes through before the robot speaks."""
        return True

    def setup(self) -> None:
        """Read the settings and listen to the joints."""
        self._names = made(_joints, self.values)
        parts = {name: made(part, self.values) for name, part in _PARTS.items()}
        low, high = parts.pop("bounds")
        self._gate = Gate(GateSettings(
            is_position=self.control_type == "position", low=low, high=high,
            tolerance=self.start_tolerance, hold_seconds=self.hold_seconds,
            fade_seconds=self.fade_seconds, latch=self.latch, **parts), self.timeout,
            self.context.steady.now())
        fields = "position,velocity" if self.max_velocity.strip() else "position"
        self._gatherer = PartGatherer(NumberReader(
            message_class(_JOINT_STATE), fields, names=made(_heard, self.values)))
        self._trouble = HealthReporter(self.context)
        self._counts = self.context.health.values
        self._counts.update(state=self._gate.state, reason="", latched=False, stops=0)
        self._stir, self._news = asyncio.Event(), asyncio.Event()
        self._unsent: np.ndarray | None = None
        self._said = ""
        self.context.topics.subscribe(self.topic, _JOINT_STATE, "sensor_data", self._sense,
                                      raw=True, timed=True)

    def policy_interface(self) -> dict[str, Any]:
        """Say which joints actions are for."""
        return {"actions": [f"{joint}.{self.control_type}" for joint in self._names]}

    def widget_changed(self, name: str) -> None:
        """Take up ``timeout``, or end a stop that lasts."""
        if name == "timeout":
            self._gate.timeout = self.timeout
        elif self.reset:
            self.values["reset"] = False
            self._gate.release()
        self._stir.set()

    async def process(self) -> None:
        """Pass actions on, and watch: a full edge must not hold up the watch."""
        await side_by_side(*self.duties())

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        """Return what is done all the time, side by side."""
        return [answer_items(self, ("action",), self._obey), self._watch(), self._tell()]

    def _obey(self, action: Any) -> dict[str, Any]:
        """Return what becomes of an action, for the robot and for the graph."""
        numbers = _numbers(action)
        if numbers.size != len(self._names):
            raise ValueError(f"expected an action of {len(self._names)} joints, found "
                             f"{numbers.size} numbers")
        self._note(self._gate.act(numbers, self.context.steady.now()))
        return self._take_news()

    async def _watch(self) -> None:
        """Command what the gate does by itself, as soon as it is due."""
        while True:
            self._stir.clear()
            self._note(self._gate.tick(self.context.steady.now()))
            due = self._gate.due(self.context.steady.now(), _PERIOD)
            await self.context.steady.came_within(self._stir, due)

    def _sense(self, data: bytes, arrived: float) -> None:
        """Take in joint states; ones that are of no use are as good as none.

        Silence counts from their arrival: a busy process must not take them for newer.
        """
        now, gate = self.context.steady.now(), self._gate
        state = gate.state
        try:
            message = self.context.topics.deserialize(data, _JOINT_STATE)
            numbers = self._gatherer.add(message, arrived, gate.timeout, all_new=False)
        except ValueError as error:
            self._trouble.note("dropped", f"dropped a message on {self.topic}: {error}")
            return
        if numbers is not None and not np.isfinite(numbers).all():
            gate.doubt("joint states that are not finite", now)
        elif numbers is not None:
            table = numbers.astype(np.float64).reshape(-1, len(self._gatherer.reader.names))
            position, *velocity = table[:, :len(self._names)]
            gate.sense(position, velocity[0] if velocity else None, now, self._gatherer.oldest)
        if gate.state != state:
            self._stir.set()

    def _note(self, command: np.ndarray | None) -> None:
        """Let a command, and what state it is of, be told."""
        gate, before = self._gate, (self._counts["state"], self._counts["reason"])
        if command is not None:
            self._unsent = command
        self._counts.update(state=gate.state, reason=gate.reason, latched=gate.latched,
                            stops=gate.stops)
        if before != (gate.state, gate.reason):
            self._say()
        if command is not None or before != (gate.state, gate.reason):
            self._news.set()

    def _say(self) -> None:
        """Tell people why actions do not count, or that they do again."""
        gate = self._gate
        if gate.state == "run":
            self._trouble.clear("actions count")
        elif gate.reason:
            lasting = "; it lasts until it is reset" if gate.latched else ""
            self._trouble.note(f"{gate.state} {gate.reason}",
                               f"{gate.state}: {gate.reason}{lasting}")

    async def _tell(self) -> None:
        """Send what the gate does by itself: a full edge must not hold up the watch."""
        while True:
            await self.context.steady.came_within(self._news, None)
            for port, value in self._take_news().items():
                await self.send_output(value, port)

    def _take_news(self) -> dict[str, Any]:
        """Return the newest command; one that was not sent before it is of no use any more."""
        self._news.clear()
        news: dict[str, Any] = {}
        if self._gate.forgets:
            self._gate.forgets = False
            news["restart"] = True
        if self._unsent is not None:
            command, self._unsent = self._unsent, None
            news["command"] = as_tensor(command.astype(np.float32)[None])
        said, self._said = self._said, f"{self._gate.state} {self._gate.reason}"
        if said != self._said:
            news["status"] = dict(self._counts)
        return news


def _numbers(action: Any) -> np.ndarray:
    """Return an action, a tensor or an array of any shape, as float64 (n,)."""
    return np.asarray(as_array(action), np.float64).reshape(-1)


def _joints(values: Mapping[str, Any]) -> tuple[str, ...]:
    names = optional_names(values["joint_names"])
    if not names:
        raise ValueError("widget 'joint_names': expected at least one joint")
    return names


def _heard(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the joints that must be heard of, those that are commanded first."""
    return tuple(dict.fromkeys((*_joints(values), *optional_names(values["watched_joints"]))))


def _limits(values: Mapping[str, Any]) -> CommandLimits:
    return CommandLimits.parse(len(_joints(values)), values["joint_limits"],
                               values["max_change"])


def _safe(values: Mapping[str, Any]) -> np.ndarray | None:
    if misfits(_limits, values):
        return None  # reported as what it is
    return safe_values(values["safe_command"], len(_joints(values)), values["control_type"],
                       _limits(values))


def _start(values: Mapping[str, Any]) -> np.ndarray | None:
    text = values["start_pose"]
    if not text.strip():
        return None
    start = joint_values(text, len(_joints(values)), "start_pose")
    if values["control_type"] == "position" and not misfits(_limits, values) \
            and (_limits(values).clamp(start) != start).any():
        raise ValueError(f"widget 'start_pose': {text:.80} is beyond joint_limits")
    return start


def _bounds(values: Mapping[str, Any]) -> np.ndarray:
    return joint_pairs(values["position_bounds"].strip() or "[-Infinity, Infinity]",
                       len(_joints(values)), "position_bounds")


def _fastest(values: Mapping[str, Any]) -> np.ndarray:
    return joint_values(values["max_velocity"].strip() or "Infinity", len(_joints(values)),
                        "max_velocity", 0.0)


_PARTS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "limits": _limits, "safe": _safe, "start": _start, "bounds": _bounds, "fastest": _fastest}
"""What is made of widgets, by the name that it has in `GateSettings`."""
