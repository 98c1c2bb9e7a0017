"""``policy.yaml``: the bundle as LEAPP describes policies, format 1.3.

What Isaac Lab exports and Isaac ROS Deploy runs: https://pypi.org/project/leapp
"""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from dnne_ros.policies.interface import Interface
from dnne_ros.policies.leapp_bundle import VERSION
from dnne_ros.policies.onnx_file import INPUT, OUTPUT

_MODEL = "policy"


def leapp_description(interface: Interface, model: bytes, model_name: str) -> str:
    """Return the YAML of a bundle whose network, ``model``, is the file ``model_name``.

    Shapes are those of one robot; the model itself takes any batch.
    """
    observed = interface.columns
    commanded = interface.actions.columns
    units = [unit for term in interface.observations for unit in term.units]
    return yaml.safe_dump({
        "models": {_MODEL: {
            "inputs": [_port(INPUT, observed, units, _kind(interface))],
            "outputs": [_port(OUTPUT, commanded, interface.actions.units,
                              interface.actions.kind)],
            "parameters": {
                "model_path": model_name, "backend": "onnx",
                "md5sum": hashlib.md5(model, usedforsecurity=False).hexdigest(),
                "sha256sum": hashlib.sha256(model).hexdigest()}}},
        "pipeline": {
            "inputs": {_MODEL: [INPUT]}, "outputs": {_MODEL: [OUTPUT]}, "data_flow": {},
            "feedback_flow": {}, "configs": {"frequency": interface.rate_hz}},
        "system information": {"leapp config version": VERSION, "exported by": "dnne_ros"},
    }, sort_keys=False)


def _port(name: str, columns: Any, units: Any, kind: str) -> dict[str, Any]:
    return {"name": name, "dtype": "float32", "shape": [1, len(columns)], "type": "tensor",
            **({"kind": kind} if kind else {}),
            "element_names": [list(columns)], "units": list(units)}


def _kind(interface: Interface) -> str:
    """Return the kind of the whole observation: that of its terms, where they share one."""
    kinds = {term.kind for term in interface.observations}
    return kinds.pop() if len(kinds) == 1 else ""
