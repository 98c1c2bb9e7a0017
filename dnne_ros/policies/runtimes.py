"""What can run ``policy.onnx``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from dnne_ros.policies.sessions import PROVIDERS, open_session
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


def onnxruntime_policy(model: bytes, runtime: str = "cpu") -> SteppedPolicy:
    """Return a policy in onnxruntime, on this device and no other; see `open_session`."""
    session, _ = open_session(model, runtime, strict=True)
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


ALWAYS = ("onnxruntime", "onnx.reference")
"""Those that work wherever their package is installed; the others need a device, too."""


def installed_runtimes() -> dict[str, Callable[[bytes], SteppedPolicy]]:
    """Return what puts a model into each runtime that is installed, by the runtime's name."""
    found: dict[str, Callable[[bytes], SteppedPolicy]] = {}
    if importlib.util.find_spec("onnxruntime") is not None:
        import onnxruntime

        available = onnxruntime.get_available_providers()
        found["onnxruntime"] = onnxruntime_policy
        found |= {f"onnxruntime, {name}": partial(onnxruntime_policy, runtime=name)
                  for name, provider in reversed(PROVIDERS.items())
                  if name != "cpu" and provider in available}
    if importlib.util.find_spec("onnx") is not None:
        found["onnx.reference"] = reference_policy
    return found
