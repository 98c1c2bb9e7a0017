"""The interface that the user gives to a policy whose file says nothing of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import INTERFACE
from dnne_ros.policies.interface import ActionTerm, Interface, read_interface
from dnne_ros.policies.network import PolicyNetwork
from dnne_ros.policy_import.io_descriptors import interface_of

_YAML = (".yaml", ".yml")


def given_interface(path: Path) -> Interface:
    """Return the interface in a file: JSON of format 2, or Isaac Lab's ``IO_descriptors.yaml``.

    A bundle's folder counts for the interface in it.  `InputError` with all that is wrong.
    """
    path = path / INTERFACE if path.is_dir() else path
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
    if path.suffix.lower() in _YAML:
        return interface_of(path, data)
    return read_interface(path, data)


def of_network(interface: Interface, network: PolicyNetwork, actions: ActionTerm, digest: str
               ) -> Interface:
    """Return the interface of a bundle with ``network``, which commands by ``actions``.

    ``digest``: SHA-256 of the file that it came from.  Raises ValueError if it names other
    numbers of columns than the network has.
    """
    check_sizes(interface, network.observation_size, network.action_size)
    inside = [name for name, is_inside in (
        ("normalization", network.mean is not None),
        ("observation_clip", network.observation_clip is not None)) if is_inside]
    return replace(interface, actions=actions, states=network.states, checkpoint=digest,
                   inside=(*inside, *done_inside(actions)))


def done_inside(actions: ActionTerm) -> tuple[str, ...]:
    """Return the names of what a network does itself that commands by ``actions``."""
    return tuple(f"action_{name}" for name in ("clip", "scale", "offset", "limits")
                 if getattr(actions, name) is not None)


def check_sizes(interface: Interface, observations: int, actions: int) -> None:
    """Raise ValueError if an interface is of another network."""
    sizes = (("observations", len(interface.columns), observations),
             ("actions", len(interface.actions.columns), actions))
    said = [f"{named} {name}, and the network has {size}"
            for name, named, size in sizes if named != size]
    if said:
        raise ValueError(f"the interface names {'; it names '.join(said)}")
