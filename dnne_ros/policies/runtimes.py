"""What can run ``policy.onnx``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

from dnne_ros.policies.sessions import open_session
from dnne_ros.policies.stepped_policy import SteppedPolicy


def policy_of(session: Any) -> SteppedPolicy:
    """Return the policy of an onnxruntime session; ValueError if it is none, of float32."""
    inputs = session.get_inputs()
    policy = SteppedPolicy(session.run, {port.name: port.shape for port in inputs},
                           {port.name: port.shape for port in session.get_outputs()})
    for port in inputs:
        if port.type != "tensor(float)":
            raise ValueError(f"input {port.name}: expected float32, found {port.type}")
    return policy


def onnxruntime_policy(model: bytes) -> SteppedPolicy:
    """Return a policy in onnxruntime, on the CPU."""
    session, _ = open_session(model)
    return policy_of(session)


def reference_policy(model: bytes) -> SteppedPolicy:
    """Return a policy in numpy, operator by operator as the ONNX standard defines them."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    loaded = onnx.load_model_from_string(model)
    session: Any = ReferenceEvaluator(loaded)
    return SteppedPolicy(session.run, _shapes(loaded.graph.input), _shapes(loaded.graph.output))


def _shapes(ports: Iterable[Any]) -> dict[str, list[Any]]:
    return {port.name: [size.dim_value if size.HasField("dim_value") else size.dim_param
                        for size in port.type.tensor_type.shape.dim] for port in ports}


RUNTIMES: dict[str, tuple[str, Callable[[bytes], SteppedPolicy]]] = {
    "onnxruntime": ("onnxruntime", onnxruntime_policy),
    "onnx.reference": ("onnx", reference_policy),
}
"""What runs a policy, by name: the package that it needs, and what loads a model into it."""


def installed_runtimes() -> dict[str, Callable[[bytes], SteppedPolicy]]:
    """Return those whose package is here."""
    return {name: load for name, (package, load) in RUNTIMES.items()
            if importlib.util.find_spec(package) is not None}
