"""What can run ``policy.onnx``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from dnne_ros.policies.onnx_file import INPUT, OUTPUT
from dnne_ros.policies.onnxruntime_session import onnxruntime_session

Act = Callable[[np.ndarray], np.ndarray]
"""Takes observations float32 (n, size) and returns actions float32 (n, size)."""


def onnxruntime_policy(model: bytes) -> Act:
    """Return a policy in onnxruntime."""
    session = onnxruntime_session(model)

    def act(observations: np.ndarray) -> np.ndarray:
        (actions,) = session.run([OUTPUT], {INPUT: observations})
        return np.asarray(actions)

    return act


def reference_policy(model: bytes) -> Act:
    """Return a policy in numpy, operator by operator as the ONNX standard defines them."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    session: Any = ReferenceEvaluator(onnx.load_model_from_string(model))

    def act(observations: np.ndarray) -> np.ndarray:
        (actions,) = session.run([OUTPUT], {INPUT: observations})
        return np.asarray(actions)

    return act


RUNTIMES: dict[str, tuple[str, Callable[[bytes], Act]]] = {
    "onnxruntime": ("onnxruntime", onnxruntime_policy),
    "onnx.reference": ("onnx", reference_policy),
}
"""What runs a policy, by name: the package that it needs, and what loads a model into it."""


def installed_runtimes() -> dict[str, Callable[[bytes], Act]]:
    """Return those whose package is here."""
    return {name: load for name, (package, load) in RUNTIMES.items()
            if importlib.util.find_spec(package) is not None}
