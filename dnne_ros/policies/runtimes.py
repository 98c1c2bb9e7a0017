"""What can run ``policy.onnx``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dnne_ros.policies.bundle import INPUT, OUTPUT
from dnne_ros.policies.onnx_recurrent import input_of, output_of

Act = Callable[[np.ndarray], np.ndarray]
"""Takes observations float32 (n, size) and returns actions float32 (n, size)."""

Run = Callable[[list[str], Mapping[str, np.ndarray]], Sequence[Any]]
"""Returns the outputs of a model by their names, for its inputs."""

_IN = input_of("")


class SteppedPolicy:
    """A policy in a runtime, with what it carries from one action to the next."""

    def __init__(self, run: Run, inputs: Mapping[str, Sequence[Any]]):
        """Take the model's ``inputs`` by name: their shapes, texts where any length will do."""
        self._run = run
        self.is_for_one = isinstance(inputs[INPUT][0], int)
        """Whether it takes one observation at a time, and no more."""
        self._shapes = {name.removesuffix(_IN): tuple(shape)
                        for name, shape in inputs.items() if name != INPUT}
        self._carried: dict[str, np.ndarray] = {}

    @property
    def states(self) -> tuple[str, ...]:
        """Return the names of what it carries."""
        return tuple(self._shapes)

    def reset(self) -> None:
        """Forget what was before: the next action is a first one."""
        self._carried = {}

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return actions float32 (n, size) for observations float32 (n, size).

        Of a recurrent policy ``n`` is the same until `reset`.
        """
        if not self._carried:
            self._carried = {
                state: np.zeros([size if isinstance(size, int) else len(observations)
                                 for size in shape], np.float32)
                for state, shape in self._shapes.items()}
        feeds = {input_of(state): value for state, value in self._carried.items()}
        actions, *carried = self._run([OUTPUT, *map(output_of, self._carried)],
                                      {INPUT: observations, **feeds})
        self._carried = dict(zip(self._carried, map(np.asarray, carried), strict=True))
        return np.asarray(actions)


def onnxruntime_policy(model: bytes) -> SteppedPolicy:
    """Return a policy in onnxruntime, on one thread that sleeps while there is nothing to do.

    By default a session keeps threads spinning between actions, which costs most of a core.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return SteppedPolicy(session.run, {each.name: each.shape for each in session.get_inputs()})


def reference_policy(model: bytes) -> SteppedPolicy:
    """Return a policy in numpy, operator by operator as the ONNX standard defines them."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    loaded = onnx.load_model_from_string(model)
    session: Any = ReferenceEvaluator(loaded)
    return SteppedPolicy(session.run, {each.name: [
        size.dim_value if size.HasField("dim_value") else size.dim_param
        for size in each.type.tensor_type.shape.dim] for each in loaded.graph.input})


RUNTIMES: dict[str, tuple[str, Callable[[bytes], SteppedPolicy]]] = {
    "onnxruntime": ("onnxruntime", onnxruntime_policy),
    "onnx.reference": ("onnx", reference_policy),
}
"""What runs a policy, by name: the package that it needs, and what loads a model into it."""


def installed_runtimes() -> dict[str, Callable[[bytes], SteppedPolicy]]:
    """Return those whose package is here."""
    return {name: load for name, (package, load) in RUNTIMES.items()
            if importlib.util.find_spec(package) is not None}
