"""A trained policy from a file, in onnxruntime."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dnne_ros.arrays import all_finite_in, as_array, as_tensor
from dnne_ros.errors import InputError
from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Boolean, Int, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.policies.policy_health import PolicyHealth
from dnne_ros.toolkit.side_by_side import side_by_side

_QUICK = 0.0005
"""Seconds of an action up to which it is rehearsed before the next observation is due."""
_FIXED = "the policy is checked and loaded when the node starts"


class OnnxPolicyNode(Node):
    """Act on observations with a trained policy from a bundle or an ONNX file, without torch.

    A bundle (`dnne-ros policy export`) is compared with its hashes and its interface before
    anything runs, and what the robot's nodes say of joints, order, rate and gains with that
    interface.  Offsets, scales, clips and histories that the interface has and the network does
    not do itself are done here.  States of a recurrent policy (ports ``NAME_in`` and ``NAME_out``)
    are fed back.  At the start, and after a ``reset``, for which `PolicyGate` and
    `RobotControllerNode` ask after a safe stop, states are zero, and a history is filled with the
    first sample.
    """

    category = "policies"
    answers_items = True
    without_torch = True

    observations = Input(Tensor("float32", ("env", "observation")),
                         "What is measured now, in the order of the policy's interface.")
    stamp = Input(Int(), "When that was measured, ns: its age is then on ``/diagnostics``.",
                  optional=True)
    reset = Input(Boolean(), "Let the policy begin anew; false: nothing is asked.", optional=True,
                  external=True, accepts_also=(Sync(),), free_first_round=True)
    action = Output(Action(), "Commands, in the units of its interface.", aliases=("actions",))
    bundle = Widget("", "The folder of a bundle, or an ONNX file.", required=True, file=True,
                    fixed_because=_FIXED)
    runtime = Widget("cpu", "What computes: the CPU, CUDA, or TensorRT, which compiles the model "
                     "once for a device; where one is missing, the next is taken.",
                     choices=("cpu", "cuda", "tensorrt"), fixed_because=_FIXED)
    strict_runtime = Widget(False, "Refuse to run where that runtime is missing.",
                            fixed_because=_FIXED)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the bundle's files, and that all of its interface can be done."""
        from dnne_ros.policies.terms import out_of_order

        if not values["bundle"]:
            return []  # said of every widget that must be given
        try:
            interface = _read(values["bundle"]).interface
        except InputError as error:
            return [f"widget 'bundle': {error.source}: {problem}" for problem in error.problems]
        return [] if interface is None else [
            f"widget 'bundle': {problem}" for problem in out_of_order(interface)]

    @classmethod
    def trained_interface(cls, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the bundle's interface; None for an ONNX file, of which it is not known."""
        from dnne_ros.policies.policy_file import as_stated

        interface = _read(values["bundle"]).interface
        return None if interface is None else as_stated(interface)

    @classmethod
    def required_imports(cls) -> tuple[str, ...]:
        """Name what runs the policy."""
        return ("onnxruntime",)

    def setup(self) -> None:
        """Load the policy and let it act once."""
        from dnne_ros.learning.finite import check_finite
        from dnne_ros.policies.loading import load_policy

        self._check_finite = check_finite
        self._loaded = load_policy(
            _place(self.bundle), self.runtime,
            strict=self.strict_runtime or self.context.strict_runtime,
            warn=self.context.log.warning)
        self._observation_size = self._loaded.observation_size
        self._seconds = math.inf
        self.context.topics.rehearse(self._rehearse)
        interface = self._loaded.file.interface
        self._health = PolicyHealth(self.context.health, self._loaded.runtime,
                                    self._loaded.file.interface_hash, 0.0 if interface is None
                                    else interface.rate_hz)

    async def process(self) -> None:
        """Give an action for each item of observations, and hear when to begin anew.

        Raises `NotFiniteError` for an observation that is NaN or infinite.
        """
        ports = ("observations", "stamp") if self.context.is_linked("stamp") else ("observations",)
        self._item = 0
        await side_by_side(answer_items(self, ports, self._answer), self._hear_resets())

    async def close(self) -> None:
        """Let the report say how old states were."""
        self.context.report(self._health.of_states(self.context.name.rpartition("/")[2]))

    def _answer(self, observations: Any, stamp: int | None = None) -> dict[str, Any]:
        self._item += 1
        measured = as_array(observations)
        if not all_finite_in(measured):
            self._check_finite(observations, "observations", self._item)
        before = time.perf_counter()
        action = as_tensor(self._act(measured))
        self._seconds = seconds = time.perf_counter() - before
        # What follows from the action in this call, down to a robot's command, comes first.
        asyncio.get_running_loop().call_soon(self._note, seconds, stamp)
        return {"action": action}

    def _rehearse(self) -> None:
        if self._seconds < _QUICK:
            self._loaded.rehearse()

    def _note(self, seconds: float, stamp: int | None) -> None:
        """Count an action and, where that is known, how old its observation is now."""
        self._health.acted(seconds, None if stamp is None else
                           1e-9 * (self.context.topics.now_ns() - stamp))

    async def _hear_resets(self) -> None:
        while self.context.is_linked("reset"):
            if await self.get_input("reset") is not False:
                self._loaded.reset()

    def _act(self, observations: Any) -> Any:
        size = self._observation_size
        if observations.ndim != 2 or size not in (None, observations.shape[1]):
            raise ValueError(f"expected observations (environments, {size or 'numbers'}), found "
                             f"{tuple(observations.shape)}")
        return self._loaded.act(observations)


def _place(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # a ~ of nobody
        raise InputError("place", [str(error)]) from None


def _read(text: str) -> Any:
    from dnne_ros.policies.policy_file import PolicyFile

    return PolicyFile.read(_place(text))
