"""``policy.yaml``: the bundle as LEAPP describes policies, format 1.3.

What Isaac Lab exports and Isaac ROS Deploy runs: https://pypi.org/project/leapp
"""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from dnne_ros.policies.bundle import INPUT, OUTPUT, input_of, output_of
from dnne_ros.policies.interface import Interface
from dnne_ros.policies.leapp_bundle import VERSION

_MODEL = "policy"


def leapp_description(interface: Interface, model: bytes, model_name: str) -> str:
    """Return the YAML of a bundle whose network, ``model``, is the file ``model_name``.

    Shapes are those of one robot; the model itself takes any batch.  What it carries from one
    action to the next is fed back.
    """
    observed = interface.columns
    commanded = interface.actions.columns
    units = [unit for term in interface.observations for unit in term.spread(term.units)]
    states_in, states_out = _state_ports(model)
    return yaml.safe_dump({
        "models": {_MODEL: {
            "inputs": [_port(INPUT, observed, units, _kind(interface)), *states_in],
            "outputs": [_port(OUTPUT, commanded, interface.actions.units,
                              interface.actions.kind), *states_out],
            "parameters": {
                "model_path": model_name, "backend": "onnx",
                "md5sum": hashlib.md5(model, usedforsecurity=False).hexdigest(),
                "sha256sum": hashlib.sha256(model).hexdigest()}}},
        "pipeline": {
            "inputs": {_MODEL: [INPUT]}, "outputs": {_MODEL: [OUTPUT]}, "data_flow": {},
            "feedback_flow": {f"{_MODEL}/{output_of(state)}": [f"{_MODEL}/{input_of(state)}"]
                              for state in interface.states},
            "configs": {"frequency": interface.rate_hz}},
        "system information": {"leapp config version": VERSION, "exported by": "dnne_ros"},
    }, sort_keys=False)


def _port(name: str, columns: Any, units: Any, kind: str) -> dict[str, Any]:
    return {"name": name, "dtype": "float32", "shape": [1, len(columns)], "type": "tensor",
            **({"kind": kind} if kind else {}),
            "element_names": [list(columns)], "units": list(units)}


def _state_ports(model: bytes) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the inputs and outputs of a model beside observations and actions."""
    import onnx

    graph = onnx.load_model_from_string(model).graph
    inputs, outputs = ([
        {"name": each.name, "dtype": "float32", "type": "tensor",
         "shape": [size.dim_value or 1 for size in each.type.tensor_type.shape.dim]}
        for each in ports if each.name not in (INPUT, OUTPUT)]
        for ports in (graph.input, graph.output))
    return inputs, outputs


def _kind(interface: Interface) -> str:
    """Return the kind of the whole observation: that of its terms, where they share one."""
    kinds = {term.kind for term in interface.observations}
    return kinds.pop() if len(kinds) == 1 else ""
