"""A robot in the simulator's place: its joint states as observations, actions as commands.

What both ends must agree on with the trained policy (names, order, columns, rate) they state in
`contract`, and the run starts only if the policy was trained with the same.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, JointState, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.rate import Rate
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    from dnne_ros.transport.payload import JointStates

_QUANTITIES = ("position", "velocity", "effort")
_CONTRACT = "it is part of the policy's contract"
_CLOSE_SECONDS = 0.5


def parse_names(text: str) -> list[str]:
    """Return ``"a, b"`` as [a, b]; ValueError for an empty list or name, or one twice."""
    names = [part.strip() for part in text.split(",")]
    if not all(names) or len(set(names)) != len(names):
        raise ValueError("each once, none empty")
    return names


def _misfit(values: Mapping[str, Any], widget: str) -> list[str]:
    try:
        parse_names(values[widget])
    except ValueError as error:
        return [f"widget {widget!r}: expected names separated by commas ({error}), found "
                f"{values[widget]!r:.80}"]
    return []


class JointObservationsNode(Node):
    """Give a robot's joint states to a policy as observations, at the policy's rate.

    The robot may list its joints in any order, and more than are asked for: they are found by
    name.  Each observation is the newest joint state, used once.  While none comes, or one that
    lacks a joint or a number, nothing is given out.
    """

    category = "robotics"
    needs_policy_interface = True

    joint_states = Input(JointState(), "The robot's joints.", external=True,
                         policy=EdgePolicy.LATEST)
    observations = Output(Tensor("float32", ("env", "observation")),
                          "(1, joints · quantities): all quantities of the first joint, then of "
                          "the next.")
    joints = Widget("slider_to_cart,cart_to_pole", "Joints in the policy's order, with commas.",
                    fixed_because=_CONTRACT)
    quantities = Widget("position,velocity", "What the policy sees of each joint: position, "
                        "velocity, effort.", fixed_because=_CONTRACT)
    rate = Widget(60.0, "Observations in a second.", minimum=0.1, maximum=10_000.0, unit="Hz",
                  fixed_because=_CONTRACT)
    timeout = Widget(0.1, "Silence of the robot that is worth a warning.", minimum=0.001,
                     maximum=60.0, unit="s", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the lists of names."""
        wrong = _misfit(values, "joints") + _misfit(values, "quantities")
        if not wrong and not set(parse_names(values["quantities"])) <= {*_QUANTITIES}:
            wrong = [f"widget 'quantities': expected some of {', '.join(_QUANTITIES)}, found "
                     f"{values['quantities']!r:.80}"]
        return wrong

    def setup(self) -> None:
        """Read the lists."""
        self._joints = parse_names(self.joints)
        self._quantities = parse_names(self.quantities)
        self._complaint = ""

    def policy_interface(self) -> dict[str, Any]:
        """Say which joints the policy sees, in which columns, how often."""
        return {"joints": self._joints, "rate_hz": self.rate,
                "observations": [f"{joint}.{quantity}" for joint in self._joints
                                 for quantity in self._quantities]}

    async def process(self) -> None:
        """Give one observation each period, as long as the robot speaks."""
        import torch

        pace = Rate(1.0 / self.rate, self.context.clock)
        while True:
            await pace.wait()
            try:
                states = await self.get_input("joint_states", self.timeout)
                row = self._row(states)
            except TimeoutError:
                self._complain(f"no joint states for {self.timeout:g} s")
                continue
            except ValueError as error:
                self._complain(str(error))
                continue
            self._complain("")
            await self.send_output(torch.tensor([row], dtype=torch.float32), "observations")

    def _row(self, states: JointStates) -> list[float]:
        """Return the columns of an observation; ValueError naming all that is missing."""
        missing = [joint for joint in self._joints if joint not in states.names]
        if missing:
            raise ValueError(f"joint states without {', '.join(missing)}; there are "
                             f"{', '.join(states.names) or 'none'}")
        row = []
        for joint in self._joints:
            at = states.names.index(joint)
            for quantity in self._quantities:
                values = getattr(states, quantity)
                row.append(float(values[at]) if values.size else math.nan)
                if not math.isfinite(row[-1]):
                    missing.append(f"{joint}.{quantity}")
        if missing:
            raise ValueError(f"joint states without a number for {', '.join(missing)}")
        return row

    def _complain(self, complaint: str) -> None:
        """Log a new complaint once, and when there is none any more."""
        if complaint and complaint != self._complaint:
            self.context.log.warning(f"{complaint}: the policy gets no observations")
        elif self._complaint and not complaint:
            self.context.log.info("joint states are back")
        self._complaint = complaint


class JointCommandsNode(Node):
    """Command a robot's joints with a policy's actions.

    Efforts and velocities are set to zero when actions stop coming (the policy gets no
    observations, say) and at the end of the run; a position command stays as it was.
    """

    category = "robotics"
    needs_policy_interface = True

    action = Input(Action(), "What to command, (1, joint).", aliases=("actions",))
    commands = Output(Tensor("float64", ("joint",)), "One number a joint, as ros2_control's "
                      "forward command controllers take them.")
    joints = Widget("slider_to_cart", "Commanded joints in the controller's order, with commas.",
                    fixed_because=_CONTRACT)
    quantity = Widget("effort", "What is commanded.", choices=_QUANTITIES, fixed_because=_CONTRACT)
    timeout = Widget(0.1, "Time without an action after which the robot is stopped.",
                     minimum=0.001, maximum=60.0, unit="s", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the list of joints."""
        return _misfit(values, "joints")

    def setup(self) -> None:
        """Read the list of joints."""
        self._joints = parse_names(self.joints)
        self._moving = False

    def policy_interface(self) -> dict[str, Any]:
        """Say which joints actions are for."""
        return {"actions": [f"{joint}.{self.quantity}" for joint in self._joints]}

    async def process(self) -> None:
        """Command each action, and a stop when none comes in time."""
        while True:
            try:
                action = await self.get_input("action", self.timeout if self._moving else None)
            except TimeoutError:
                self.context.log.warning(f"no action for {self.timeout:g} s: the robot is stopped")
                await self._stop()
                continue
            expected = (1, len(self._joints))
            if tuple(action.shape) != expected or not action.isfinite().all():
                raise ValueError(f"expected an action of {expected} finite numbers for "
                                 f"{self.joints}, found {action.tolist()!s:.200}")
            self._moving = True
            await self.send_output(action[0].double(), "commands")

    async def close(self) -> None:
        """Leave no command behind that nobody corrects any more."""
        if self._moving:
            with suppress(asyncio.TimeoutError):  # a consumer in the graph may have ended full
                await asyncio.wait_for(self._stop(), _CLOSE_SECONDS)

    async def _stop(self) -> None:
        import torch

        self._moving = False
        if self.quantity != "position":
            zeros = torch.zeros(len(self._joints), dtype=torch.float64)
            await self.send_output(zeros, "commands")
