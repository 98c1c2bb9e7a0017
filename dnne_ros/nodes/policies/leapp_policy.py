"""A policy in the format of LEAPP, whoever exported it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.arrays import as_array
from dnne_ros.errors import InputError
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import port_changes
from dnne_ros.node_api.port_types import Boolean, Sync, array_to_tensor, tensor_to_array
from dnne_ros.node_api.ports import Input, Ports
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.policies.leapp_ports import (
    IMU,
    JOINT_COMMANDS,
    JOINT_STATES,
    VELOCITY,
    LeappPorts,
    leapp_ports,
)
from dnne_ros.nodes.policies.message_inputs import (
    ImuInput,
    JointInput,
    MessageInput,
    VelocityInput,
)
from dnne_ros.nodes.policies.policy_health import PolicyHealth
from dnne_ros.policies.interface import QUANTITIES
from dnne_ros.policies.leapp_bundle import LeappBundle, read_leapp_bundle
from dnne_ros.policies.leapp_kinds import Joints
from dnne_ros.toolkit.arrival_gate import ArrivalGate
from dnne_ros.toolkit.side_by_side import side_by_side
from dnne_ros.transport.payload import Array, JointStates

_FIXED = "the models are loaded when the node starts"
_MOST_ITEMS = 256
_PERIODS = 2
"""Of silence that are none: a controller behind this waits for longer than the rate, too."""


class LeappPolicyNode(Node):
    """Act with a policy in the format of LEAPP 1.3, as Isaac Lab exports it.

    Its ports are those of the bundle.  With ``ports=by_kind``, quantities of joints come from one
    JointState, by the joints' names; angular velocity, linear acceleration and rotation from an
    Imu; a velocity command from a Twist; what commands joints goes out as a JointState, too.
    Left unlinked, these are topics of other ROS nodes.  All else is a tensor of its own, of which
    each action takes one.

    With messages, it acts as they arrive, at most ``rate`` times a second; not while a joint is
    missing or a number is not finite.  The buffers of the feedback flow have the bundle's initial
    values at the start, after ``timeout`` without an action, by which time a controller has sent
    its safe command, and before the first action after a ``reset``.
    """

    category = "policies"
    without_torch = True

    reset = Input(Boolean(), "Let the policy begin anew; false: nothing is asked.", optional=True,
                  external=True, accepts_also=(Sync(),), free_first_round=True)
    bundle = Widget("", "The bundle's .yaml file, or its folder.", required=True, file=True,
                    decides_ports=True)
    ports = Widget("by_kind", "by_kind: joints, an IMU and velocity commands are messages; "
                   "tensors: each input and output is a tensor.", choices=("by_kind", "tensors"),
                   decides_ports=True)
    rate = Widget(0.0, "Most actions in a second, with messages; 0: as the bundle says.",
                  minimum=0.0, maximum=10_000.0, unit="Hz")
    timeout = Widget(0.1, "Time without an action after which the policy begins anew.",
                     minimum=0.001, maximum=3600.0, unit="s", live=True)
    part_age = Widget(0.1, "Joint states that hold some of the joints add up, each joint for so "
                      "long, and an IMU's reading counts for as long.", minimum=0.001,
                      maximum=3600.0, unit="s", live=True)
    command_age = Widget(0.5, "How long a velocity command counts.", minimum=0.001,
                         maximum=3600.0, unit="s", live=True)
    runtime = Widget("cpu", "What computes: the CPU, CUDA, or TensorRT, which compiles the models "
                     "once for a device; where one is missing, the next is taken.",
                     choices=("cpu", "cuda", "tensorrt"), fixed_because=_FIXED)
    strict_runtime = Widget(False, "Refuse to run where that runtime is missing.",
                            fixed_because=_FIXED)

    @classmethod
    def ports_for(cls, values: Mapping[str, Any]) -> Ports:
        """Return the ports of the bundle."""
        return _ports(_read(values), values).ports

    @classmethod
    def carried_files(cls, values: Mapping[str, Any]) -> Mapping[str, Sequence[Path]]:
        """Return the bundle's files."""
        return {"bundle": _read(values).files}

    @classmethod
    def required_imports(cls) -> tuple[str, ...]:
        """Say what runs the models."""
        return ("onnxruntime", "yaml", "safetensors")

    def setup(self) -> None:
        """Load the models."""
        from dnne_ros.policies.leapp_pipeline import LeappPipeline

        if changes := port_changes(type(self), self.values):
            raise InputError("parameters", changes)
        self._bundle = _read(self.values)
        self._ports = _ports(self._bundle, self.values)
        self._pipeline = LeappPipeline(
            self._bundle, self.runtime, warn=self.context.log.warning,
            strict=self.strict_runtime or self.context.strict_runtime)
        messages = self._ports.messages
        self._heard: dict[str, MessageInput] = {}
        if messages.joints:
            self._heard[JOINT_STATES] = JointInput(messages.joints)
        if messages.imu:
            self._heard[IMU] = ImuInput(messages.imu)
        if messages.velocity:
            self._heard[VELOCITY] = VelocityInput(messages.velocity)
        self._pace = next((port for port in self._heard
                           if port != VELOCITY or not self._ports.inputs), "")
        """The port at whose messages it acts; "": tensors say when."""
        rate = self.rate or self._bundle.rate_hz
        self._period = 1.0 / rate if rate else 0.0
        self._gate = ArrivalGate(self._period, self.context.clock)
        self._acted = float("inf")
        self._begin_anew = False
        self._trouble = HealthReporter(self.context)
        self._counts = self.context.health.values
        self._counts.update(refused=0, resets=0)
        self._health = PolicyHealth(self.context.health, self._pipeline.runtime,
                                    self._bundle.digest[:12], rate or 0.0)

    async def process(self) -> None:
        """Act, and hear when to begin anew."""
        await side_by_side(self._act(), self._hear_resets())

    async def save_state(self, aligned: bool) -> NodeState:
        """Return what the policy carries from action to action."""
        return NodeState(tensors={end: array_to_tensor(Array(value.copy()))
                                  for end, value in self._pipeline.buffers.items()})

    def load_state(self, state: NodeState) -> None:
        """Go on with what it carried."""
        self._pipeline.restore({end: np.ascontiguousarray(tensor_to_array(tensor).data)
                                for end, tensor in state.tensors.items()})

    async def close(self) -> None:
        """Let the report say how old states were."""
        self.context.report(self._health.of_states(self.context.name.rpartition("/")[2]))

    async def _act(self) -> None:
        while True:
            try:
                now, rows = await self._observed()
                outputs = self._step(now, {**rows, **await self._tensors()})
            except _Refused as error:
                self._counts["refused"] += 1
                self._trouble.note("refused", f"no action: {error}")
                continue
            self._trouble.clear("acts again")
            self._acted = now
            await self._send(outputs)

    async def _observed(self) -> tuple[float, dict[str, np.ndarray]]:
        """Return when to act, in seconds, and the inputs that messages give by then."""
        while True:
            await self._hear()
            now, rows = self.context.steady.now(), {}
            for port, heard in self._heard.items():
                age = self.command_age if port == VELOCITY else self.part_age
                try:
                    found = heard.rows(now, age)
                except ValueError as error:
                    raise _Refused(f"{port}: {error}") from None
                if found is None:
                    break
                rows.update(found)
            else:
                if not self._pace or not self._period or self._gate.lets_through():
                    return now, {end: row.reshape(self._bundle.inputs[end].shape)
                                 for end, row in rows.items()}

    async def _hear(self) -> None:
        """Take in the messages that have come; wait for one at the port that sets the pace."""
        for port, heard in self._heard.items():
            items: list[Any] = []
            while port == self._pace and not items:
                items = await self.get_batch(port, 1, self._patience)
                if not items:
                    self._trouble.note("silent", f"nothing at {port} for {self._patience:g} s")
            items += await self.get_batch(port, _MOST_ITEMS, 0.0)
            for item in items:
                try:
                    heard.take(item, self.context.steady.now(), self.part_age,
                               all_new=not self._period)
                except ValueError as error:
                    self._counts["refused"] += 1
                    self._trouble.note("dropped", f"dropped a message at {port}: {error}")

    async def _tensors(self) -> dict[str, np.ndarray]:
        """Return an item of each tensor's own port."""
        found = {}
        for port, end in self._ports.inputs.items():
            array = as_array(await self.get_input(port))
            shape = self._bundle.inputs[end].shape
            found[end] = array[None] if (1, *array.shape) == shape else array
        return found

    def _step(self, now: float, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        infinite = [end for end, value in inputs.items() if not np.isfinite(value).all()]
        if infinite:
            raise _Refused(f"{', '.join(infinite)}: numbers that are not finite")
        if self._begin_anew or (self._pace and now - self._acted > self._patience):
            self._begin_anew = False
            self._pipeline.reset()
            self._counts["resets"] += 1
        try:
            before = time.perf_counter()
            outputs = self._pipeline.step(inputs)
        except FloatingPointError as error:
            raise _Refused(str(error)) from None
        seconds = time.perf_counter() - before
        self._health.acted(seconds, self.context.steady.now() - now if self._pace else None)
        return outputs

    async def _send(self, outputs: Mapping[str, np.ndarray]) -> None:
        for port, end in self._ports.outputs.items():
            await self.send_output(array_to_tensor(Array(outputs[end])), port)
        if self._ports.commands:
            stamp = self.context.topics.now_ns()
            await self.send_output(_joint_states(self._ports.commands, outputs, stamp),
                                   JOINT_COMMANDS)

    async def _hear_resets(self) -> None:
        while self.context.is_linked("reset"):
            is_wanted = await self.get_input("reset") is not False
            self._begin_anew = self._begin_anew or is_wanted

    @property
    def _patience(self) -> float:
        """Seconds without an action after which a controller has sent its safe command."""
        return float(max(self.timeout, _PERIODS * self._period))


class _Refused(Exception):
    """Inputs, or what comes of them, are none that a robot should follow."""


def _read(values: Mapping[str, Any]) -> LeappBundle:
    try:
        return read_leapp_bundle(Path(values["bundle"]))
    except InputError as error:
        raise InputError("widget 'bundle'", [
            f"{error.source}: {problem}" for problem in error.problems]) from None


def _ports(bundle: LeappBundle, values: Mapping[str, Any]) -> LeappPorts:
    own = LeappPolicyNode
    return leapp_ports(bundle, values["ports"] == "by_kind", {*own.widgets, *own.inputs})


def _joint_states(commands: Mapping[str, Joints], outputs: Mapping[str, np.ndarray], stamp: int
                  ) -> JointStates:
    """Return commands by the names of joints; NaN is what is not commanded of one."""
    names = tuple(dict.fromkeys(name for joints in commands.values() for name in joints.names))
    arrays = {quantity: np.empty(0) for quantity in QUANTITIES}
    for end, joints in commands.items():
        if not arrays[joints.quantity].size:
            arrays[joints.quantity] = np.full(len(names), np.nan)
        places = [names.index(name) for name in joints.names]
        arrays[joints.quantity][places] = outputs[end].reshape(-1)
    return JointStates(names, **arrays, stamp_ns=stamp)
