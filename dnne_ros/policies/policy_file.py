"""What a policy node is given: a bundle, or an ONNX file of whatever origin."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import INTERFACE, MODEL, read_bundle
from dnne_ros.policies.interface import Interface, read_interface
from dnne_ros.policies.leapp_kinds import commanded_quantity
from dnne_ros.policies.terms import ObservationTerms


@dataclass(frozen=True)
class PolicyFile:
    """A policy as it was read, with its interface if that is known."""

    model: bytes
    interface: Interface | None

    @classmethod
    def read(cls, place: Path) -> PolicyFile:
        """Read a bundle's folder, each file of which is what was written, or an ONNX file.

        Raises `InputError` with all that is missing, damaged or contradicts itself.
        """
        if place.is_dir():
            files = read_bundle(place)
            return cls(files[MODEL], read_interface(place / INTERFACE, files[INTERFACE]))
        if place.is_file() and place.suffix != ".onnx":  # an export would give it away
            raise InputError(str(place), ["is neither the folder of a bundle nor a file .onnx"])
        try:
            return cls(read_file(place), None)
        except OSError as error:
            raise InputError(str(place), [f"cannot read: {error.strerror}"]) from None

    @property
    def interface_hash(self) -> str:
        """Return the first 12 digits of the interface's SHA-256; "" if there is none."""
        if self.interface is None:
            return ""
        text = json.dumps(self.interface.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def as_stated(interface: Interface) -> dict[str, Any]:
    """Return an interface as nodes state it: see `dnne_ros.node_api.node.Node.policy_interface`.

    Scale, offset, clip and history are left out: the policy's own node does them, where the
    network does not (`dnne_ros.policies.terms`).
    """
    quantity = commanded_quantity(interface.actions.kind)
    measured = ObservationTerms(interface)
    stated = {
        "task": interface.task, "joints": list(interface.joints), "rate_hz": interface.rate_hz,
        "observations": measured.names, "observation_units": measured.units,
        "actions": [f"{column}.{quantity}" if quantity else column
                    for column in interface.actions.columns],
        "action_units": list(interface.actions.units),
        "kp": dict(interface.actions.kp), "kd": dict(interface.actions.kd)}
    return {name: value for name, value in stated.items() if value not in ("", [], {})}
