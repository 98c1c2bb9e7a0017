"""From a checkpoint to a bundle."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import DESCRIPTION, GOLDEN, INTERFACE, MODEL
from dnne_ros.policies.golden import golden_vectors
from dnne_ros.policies.interface import Interface
from dnne_ros.policies.leapp import leapp_description
from dnne_ros.policies.network import PolicyNetwork, network_of
from dnne_ros.policies.onnx_file import onnx_model
from dnne_ros.policies.saved_agent import saved_agent
from dnne_ros.policy_export.trained_interface import trained_interface
from dnne_ros.policy_export.training_actions import training_actions


def bundle_of(checkpoint: Path, node: str = "") -> dict[str, bytes]:
    """Return the files of the bundle of a checkpoint's policy, that of the agent ``node``.

    Without ``node``: of the only one.  The same checkpoint gives the same bytes.  Raises
    `InputError` if there is no such policy, or if nothing is known of its interface.
    """
    found = Checkpoint.read(checkpoint)
    architecture, weights = saved_agent(found, node)
    try:
        network = network_of(architecture, {name: tensor.float().cpu().numpy()
                                            for name, tensor in weights.items()})
        interface = trained_interface(
            found.policy_interface() or {}, normalized=network.mean is not None,
            choices=len(network.choices), states=network.states, checkpoint=hashlib.sha256(
                found.manifest.encode()).hexdigest())
        _check_sizes(network, interface)
        golden = golden_vectors(
            training_actions(architecture, weights, interface.actions), network)
    except ValueError as error:
        raise InputError(str(checkpoint), [f"no bundle can be made of it: {error}"]) from None
    model = onnx_model(network, interface).SerializeToString(deterministic=True)
    return {
        MODEL: model,
        DESCRIPTION: leapp_description(interface, model, MODEL).encode(),
        INTERFACE: (strict_json.dumps(interface.to_json(), indent=1) + "\n").encode(),
        GOLDEN: golden}


def _check_sizes(network: PolicyNetwork, interface: Interface) -> None:
    """Raise ValueError if the interface is of another network."""
    sizes: tuple[tuple[str, Any, int], ...] = (
        ("observations", interface.columns, network.observation_size),
        ("actions", interface.actions.columns, network.action_size))
    for name, columns, size in sizes:
        if len(columns) != size:
            raise ValueError(f"its interface names {len(columns)} {name}, and its network has "
                             f"{size}")
