"""A policy in onnxruntime: observations in, actions out, and what it carries from one to the next.

States are found by their names: an input ``hidden_in`` takes what the output ``hidden_out`` gave,
as rsl_rl and LEAPP write them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dnne_ros.policies.bundle import OUTPUT

_IN, _OUT = "_in", "_out"


class OnnxPolicy:
    """The policy of one session, for one robot or a batch of them."""

    def __init__(self, session: Any):
        """Find the ports of an onnxruntime session; ValueError if they are not a policy's."""
        inputs = {port.name: port for port in session.get_inputs()}
        outputs = {port.name: port for port in session.get_outputs()}
        states = [name for name in inputs if name.endswith(_IN)
                  and name.removesuffix(_IN) + _OUT in outputs]
        fed_back = [name.removesuffix(_IN) + _OUT for name in states]
        observed = [name for name in inputs if name not in states]
        given = [name for name in outputs if name not in fed_back]
        if OUTPUT in given:
            given = [OUTPUT]
        if len(observed) != 1 or len(given) != 1:
            raise ValueError(
                "expected one input of observations, one output of actions, and states called "
                f"NAME{_IN} and NAME{_OUT}; found {', '.join(inputs)} → {', '.join(outputs)}")
        for name in (*observed, *states):
            if inputs[name].type != "tensor(float)":
                raise ValueError(f"input {name}: expected float32, found {inputs[name].type}")
        self._session = session
        (self._observed,) = observed
        self._wanted = [*given, *fed_back]
        self._shapes = {name: inputs[name].shape for name in states}
        self._state: dict[str, np.ndarray] = {}
        self._rows = 0
        self.states = tuple(name.removesuffix(_IN) for name in states)
        """What it carries along, by name."""
        self.observation_size = _size(inputs[self._observed])
        """How many numbers an observation has; None if the model does not say."""
        self.action_size = _size(outputs[given[0]])

    def reset(self) -> None:
        """Forget what was seen: states are zeros at the next action."""
        self._rows = 0

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Return actions float32 (n, action size) for float32 (n, observation size).

        States go on from one call to the next; they begin anew where n is another.
        """
        if len(observations) != self._rows:
            self._rows = len(observations)
            self._state = {name: np.zeros([size if isinstance(size, int) else self._rows
                                           for size in shape], np.float32)
                           for name, shape in self._shapes.items()}
        actions, *states = self._session.run(
            self._wanted, {self._observed: observations, **self._state})
        self._state = dict(zip(self._shapes, states, strict=True))
        return np.asarray(actions)


def _size(port: Any) -> int | None:
    last = port.shape[-1] if port.shape else None
    return last if isinstance(last, int) else None
