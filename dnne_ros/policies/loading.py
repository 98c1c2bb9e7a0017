"""A policy file that is about to act: read, put into onnxruntime, and found to be what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.errors import InputError, Problems
from dnne_ros.policies.bundle import METADATA, MODEL
from dnne_ros.policies.interface import ActionTerm, Interface, differences
from dnne_ros.policies.onnx_file import json_in
from dnne_ros.policies.policy_file import PolicyFile
from dnne_ros.policies.runtimes import policy_of
from dnne_ros.policies.sessions import open_session
from dnne_ros.policies.stepped_policy import Act, SteppedPolicy
from dnne_ros.policies.terms import ObservationTerms, outside_command

_DRAWING = (b"RandomNormal", b"RandomUniform", b"Multinomial", b"Bernoulli", b"Dropout")
"""What operators are called, in a model's file, that go on in a series of random numbers."""


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy that is ready to act, and the runtime that it acts in.

    ``terms`` and ``command``: what is done before the network and behind it; None: nothing.
    """

    policy: SteppedPolicy
    file: PolicyFile
    runtime: str
    terms: ObservationTerms | None
    command: ActionTerm | None
    observation_size: int | None
    """How many numbers are measured; None if that is not known."""

    @cached_property
    def act(self) -> Act:
        """Return what does as a call of this: the policy itself, if that is all there is."""
        return self.policy if self.terms is None and self.command is None else self

    def __call__(self, measured: np.ndarray) -> np.ndarray:
        """Return commands float32 (n, action size) for float32 (n, `observation_size`)."""
        actions = self.policy(measured if self.terms is None else self.terms(measured))
        return actions if self.command is None else self.command.command(actions)

    @cached_property
    def _draws(self) -> bool:
        """Whether the network draws numbers, others for each run."""
        return any(name in self.file.model for name in _DRAWING)

    def rehearse(self) -> None:
        """Run the network once, if nothing follows from that, as before an action that is due."""
        if not self._draws:
            self.policy.rehearse()

    def reset(self) -> None:
        """Forget what was before: states and histories begin anew."""
        self.policy.reset()
        if self.terms is not None:
            self.terms.reset()


def load_policy(place: Path, runtime: str, *, strict: bool = False,
                warn: Callable[[str], object] = lambda _: None) -> LoadedPolicy:
    """Load the policy in a bundle's folder or an ONNX file; it has acted once, on zeros.

    ``runtime``, ``strict`` and ``warn`` are those of `open_session`; what TensorRT compiles goes
    into a folder beside ``place``.  Raises `InputError` with all that does not fit.
    """
    file = PolicyFile.read(place)
    try:
        session, runtime = open_session(
            file.model, runtime, strict=strict, warn=warn,
            engines=place.with_name(f"{place.name}.engines"))
        policy = policy_of(session)
    except InputError as error:
        raise InputError(str(place), [f"{error.source}: {problem}"
                                      for problem in error.problems]) from None
    except ValueError as error:
        raise InputError(str(place), [str(error)]) from None
    if file.interface is not None:
        _check(place, policy, session, file.interface)
    try:
        policy.try_out()
    except ValueError as error:
        raise InputError(str(place), [str(error)]) from None
    if file.interface is None:
        return LoadedPolicy(policy, file, runtime, None, None, policy.observation_size)
    terms = ObservationTerms(file.interface)
    return LoadedPolicy(policy, file, runtime, terms if terms.change else None,
                        outside_command(file.interface), len(terms.names))


def _check(place: Path, policy: SteppedPolicy, session: Any, interface: Interface) -> None:
    """Raise `InputError` if the model's ports are not those of its interface."""
    problems = Problems(str(place))
    stated = session.get_modelmeta().custom_metadata_map.get(METADATA)
    if stated is not None:
        try:
            lines = differences(interface.to_json(), json_in(stated))
        except ValueError as error:
            lines = [str(error)]
        for line in lines:
            problems.add(f"{MODEL}: {line}")
    observed = sum(len(term.columns) * term.history for term in interface.observations)
    for name, size, expected in (
            ("observations", policy.observation_size, observed),
            ("actions", policy.action_size, len(interface.actions.columns))):
        if size not in (None, expected):
            problems.add(f"{MODEL}: {name}: expected {expected} numbers by its interface, found "
                         f"{size}")
    if {*policy.states} != {*interface.states}:
        problems.add(f"{MODEL}: states: expected {', '.join(interface.states) or 'none'} by its "
                     f"interface, found {', '.join(policy.states) or 'none'}")
    problems.raise_if_any()
