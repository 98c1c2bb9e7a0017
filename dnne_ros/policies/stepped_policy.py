"""A policy in a runtime: observations in, actions out, and what it carries from one to the next.

States are found by their names: an input ``hidden_in`` takes what the output ``hidden_out`` gave,
as rsl_rl and LEAPP write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dnne_ros.policies.bundle import OUTPUT, input_of, output_of

Act = Callable[[np.ndarray], np.ndarray]
"""Takes observations float32 (n, size) and returns actions float32 (n, size)."""
Run = Callable[[list[str], Mapping[str, np.ndarray]], Sequence[Any]]
"""Returns the outputs of a model by their names, for its inputs."""
Shapes = Mapping[str, Sequence[Any]]
"""By name; an axis of any length is None or a text."""

_IN = input_of("")


class SteppedPolicy:
    """One policy, for one robot or for a batch of them."""

    def __init__(self, run: Run, inputs: Shapes, outputs: Shapes):
        """Find the ports of a model; ValueError if they are not a policy's."""
        states = [name.removesuffix(_IN) for name in inputs if name.endswith(_IN)
                  and output_of(name.removesuffix(_IN)) in outputs]
        observed = [name for name in inputs if name not in map(input_of, states)]
        given = [name for name in outputs if name not in map(output_of, states)]
        if OUTPUT in given:
            given = [OUTPUT]
        if len(observed) != 1 or len(given) != 1:
            raise ValueError(
                "expected one input of observations, one output of actions, and states called "
                f"{input_of('NAME')} and {output_of('NAME')}; found {', '.join(inputs)} → "
                f"{', '.join(outputs)}")
        self._run = run
        (self._observed,) = observed
        self._wanted = [*given, *map(output_of, states)]
        self._shapes = {state: inputs[input_of(state)] for state in states}
        self._carried: dict[str, np.ndarray] = {}
        self._rows = 0
        self.states = tuple(states)
        """What it carries along, by name."""
        self.observation_size = _last(inputs[self._observed])
        """How many numbers an observation has; None if the model does not say."""
        self.action_size = _last(outputs[given[0]])
        self.is_for_one = isinstance(next(iter(inputs[self._observed]), None), int)
        """Whether it takes one observation at a time, and no more."""

    def reset(self) -> None:
        """Forget what was before: states are zeros at the next action."""
        self._rows = 0

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Return actions float32 (n, action size) for float32 (n, observation size).

        States go on from one call to the next; they begin anew where n is another.
        """
        if len(observations) != self._rows:
            self._rows = len(observations)
            self._carried = {state: np.zeros([size if isinstance(size, int) else self._rows
                                              for size in shape], np.float32)
                             for state, shape in self._shapes.items()}
        feeds = {input_of(state): value for state, value in self._carried.items()}
        actions, *carried = self._run(self._wanted, {self._observed: observations, **feeds})
        self._carried = dict(zip(self._shapes, map(np.asarray, carried), strict=True))
        return np.asarray(actions)


def _last(shape: Sequence[Any]) -> int | None:
    return shape[-1] if shape and isinstance(shape[-1], int) else None
