"""A policy in a runtime: observations in, actions out, and what it carries along meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dnne_ros.policies.endless import EndlessError
from dnne_ros.policies.model_ports import find_ports

Act = Callable[[np.ndarray], np.ndarray]
"""Takes observations float32 (n, size) and returns actions float32 (n, size)."""
Run = Callable[[list[str], Mapping[str, np.ndarray]], Sequence[Any]]
"""Returns the outputs of a model by their names, for its inputs."""
Shapes = Mapping[str, Sequence[Any]]
"""By name; an axis of any length is None or a text."""


def run_model(run: Run, outputs: list[str], feeds: Mapping[str, np.ndarray]) -> Sequence[Any]:
    """Return a model's ``outputs``; ValueError, of one line, if it cannot be run."""
    try:
        return run(outputs, feeds)
    except EndlessError as error:
        raise EndlessError(f"the model cannot be run: {error}") from None
    except Exception as error:  # whatever a runtime makes of a model
        raise ValueError(f"the model cannot be run: {' '.join(str(error).split())[:300]}"
                         ) from None


class SteppedPolicy:
    """One policy, for one robot or for a batch of them."""

    def __init__(self, run: Run, inputs: Shapes, outputs: Shapes):
        """Find the ports of a model; ValueError if they are not a policy's."""
        ports = find_ports(inputs, outputs, others=True)
        self._run = run
        self._ports = ports
        self._wanted = [ports.actions, *(output for _, output in ports.states.values())]
        self._shapes = {state: inputs[name] for state, (name, _) in ports.states.items()}
        self._carried: dict[str, np.ndarray] = {}
        self._rows = 0
        self.states = tuple(ports.states)
        """What it carries along, by name."""
        self.observation_size = _last(inputs[ports.observations])
        """How many numbers an observation has; None if the model does not say."""
        self.action_size = _last(outputs[ports.actions])
        self.is_for_one = isinstance(next(iter(inputs[ports.observations]), None), int)
        """Whether it takes one observation at a time, and no more."""

    def reset(self) -> None:
        """Forget what was before: states are zeros at the next action."""
        self._rows = 0

    def forget(self, done: np.ndarray) -> None:
        """Forget what was before in the rows that are ``done``, bool (n,)."""
        for state, shape in self._shapes.items():
            if state in self._carried and len(done) == self._rows:
                rows = next((axis for axis, size in enumerate(shape)
                             if not isinstance(size, int)), 0)
                carried = np.moveaxis(self._carried[state].copy(), rows, 0)
                carried[done] = 0.0
                self._carried[state] = np.moveaxis(carried, 0, rows)

    def try_out(self) -> None:
        """Act once, on zeros, and forget it; ValueError if the model cannot be run."""
        if self.observation_size is not None:
            self(_zeros([1, self.observation_size]))
            self.reset()

    def rehearse(self) -> None:
        """Run the model on an observation of zeros, from which nothing follows.

        States stay as they are; nothing is done where one does not know what to give it.
        """
        if self.observation_size is not None and (self._rows or not self._shapes):
            self._run(self._wanted, {
                self._ports.observations: _zeros([self._rows or 1, self.observation_size]),
                **self._state_feeds()})

    def _state_feeds(self) -> dict[str, np.ndarray]:
        return {self._ports.states[state][0]: value for state, value in self._carried.items()}

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return actions float32 (n, action size) for float32 (n, observation size).

        States go on from one call to the next; they begin anew where n is another.  Raises
        ValueError if the model cannot be run.
        """
        if not self._shapes:  # the usual case, on the shortest way
            return np.asarray(run_model(
                self._run, self._wanted, {self._ports.observations: observations})[0])
        if len(observations) != self._rows:
            self._rows = len(observations)
            self._carried = {state: _zeros([size if isinstance(size, int) else self._rows
                                            for size in shape])
                             for state, shape in self._shapes.items()}
        actions, *carried = run_model(self._run, self._wanted, {
            self._ports.observations: observations, **self._state_feeds()})
        self._carried = dict(zip(self._shapes, map(np.asarray, carried), strict=True))
        return np.asarray(actions)


def _zeros(shape: Sequence[int]) -> np.ndarray:
    try:
        return np.zeros(shape, np.float32)
    except (MemoryError, ValueError):
        raise ValueError(f"the model is too large: {list(shape)} numbers") from None


def _last(shape: Sequence[Any]) -> int | None:
    return shape[-1] if shape and isinstance(shape[-1], int) else None
