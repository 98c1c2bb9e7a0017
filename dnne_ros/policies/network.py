"""A policy's actor as plain arrays: what it takes to act, and nothing that it takes to learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from dnne_ros.policies.interface import ActionTerm
from dnne_ros.policies.picture_layers import PictureLayers, picture_layers

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
    "elu": lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))),
}


@dataclass(frozen=True)
class Cell:
    """A kind of recurrent layer: how many ``gates``, and what it carries on by name."""

    gates: int
    states: tuple[str, ...]


CELLS = {"lstm": Cell(4, ("h", "c")), "gru": Cell(3, ("h",))}
_NORMALIZER, _VALUE_NORMALIZER = "observation_normalizer.", "value_normalizer."
_RECURRENT = ("weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l")
"""What torch calls the arrays of a `RecurrentLayer`, in its order."""
_EPSILON = np.float32(1e-2)
"""What `dnne_ros.rl.normalization` adds to standard deviations."""


@dataclass(frozen=True, eq=False)
class Layer:
    """``weight`` float32 (outputs, inputs) and ``bias`` float32 (outputs,)."""

    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True, eq=False)
class RecurrentLayer:
    """One layer of an LSTM or GRU, float32 arrays in torch's layout.

    ``input_weight`` (gates · hidden, inputs), ``state_weight`` (gates · hidden, hidden),
    ``input_bias`` and ``state_bias`` (gates · hidden,).  The gates, in this order: input, forget,
    cell, output of an LSTM; reset, update, new of a GRU (`torch.nn.LSTM`, `torch.nn.GRU`).
    """

    input_weight: np.ndarray
    state_weight: np.ndarray
    input_bias: np.ndarray
    state_bias: np.ndarray

    @property
    def hidden_size(self) -> int:
        """Return how many numbers it carries on."""
        return int(self.state_weight.shape[1])


@dataclass(frozen=True, eq=False)
class PolicyNetwork:
    """The layers from observations to the likeliest action.

    ``activation`` is applied between layers.  ``mean`` and ``deviation`` (`numbers`,):
    observations but for a picture are normalised with them, in float32 or float64 as they are, and
    then kept within ``observation_clip`` of zero; None: they are taken as they are.  ``cell``: the
    kind of the ``recurrent`` layers before the others, of `CELLS`; "" without any.  ``squash``:
    tanh of the last layer.  ``choices``: the last layer gives logits, so many for each choice that
    an action is, one after another; empty: an action is what it gives.  ``seeing``: what it makes
    of the picture that the last numbers of an observation are; None: they are no picture.
    """

    layers: tuple[Layer, ...]
    activation: str
    mean: np.ndarray | None = None
    deviation: np.ndarray | None = None
    choices: tuple[int, ...] = ()
    observation_clip: float | None = None
    cell: str = ""
    recurrent: tuple[RecurrentLayer, ...] = ()
    squash: bool = False
    seeing: PictureLayers | None = None

    @property
    def _inputs(self) -> int:
        """Return how many numbers the first layer takes."""
        first = self.recurrent[0].input_weight if self.recurrent else self.layers[0].weight
        return int(first.shape[1])

    @property
    def numbers(self) -> int:
        """Return how many numbers of an observation are no picture."""
        return self._inputs - (0 if self.seeing is None else self.seeing.features)

    @property
    def observation_size(self) -> int:
        """Return how many numbers an observation has."""
        return self.numbers + (0 if self.seeing is None else self.seeing.pixels)

    @property
    def states(self) -> tuple[str, ...]:
        """Return the names of what it carries from one action to the next."""
        return CELLS[self.cell].states if self.cell else ()

    @property
    def action_size(self) -> int:
        """Return how many numbers an action has: one for each choice."""
        return len(self.choices) or self.output_size

    @property
    def output_size(self) -> int:
        """Return how many numbers the last layer gives."""
        return int(self.layers[-1].weight.shape[0])

    @property
    def parameters(self) -> int:
        """Return how many numbers were learned."""
        arrays = [array for layer in (*self.recurrent, *self.layers)
                  for array in vars(layer).values()]
        seeing = 0 if self.seeing is None else self.seeing.parameters
        return int(sum(array.size for array in arrays)) + seeing

    def check(self) -> None:
        """Raise ValueError unless each layer takes what the one before gives."""
        for part in (*self.recurrent, *self.layers):
            for name, array in vars(part).items():
                axes = 2 if name.endswith("weight") else 1
                if array.dtype != np.float32 or array.ndim != axes:
                    raise ValueError(f"{name}: expected float32 of {axes} axes, found "
                                     f"{array.dtype} {array.shape}")
        size = self._inputs
        for array in (self.mean, self.deviation):
            if array is not None and array.shape != (self.numbers,):
                raise ValueError(f"expected a normaliser of {self.numbers} observations, found "
                                 f"{array.shape}")
        for number, memory in enumerate(self.recurrent):
            hidden = self.recurrent[0].hidden_size
            rows = CELLS[self.cell].gates * hidden
            expected = [(rows, size), (rows, hidden), (rows,), (rows,)]
            found = [array.shape for array in vars(memory).values()]
            if found != expected:
                raise ValueError(f"recurrent layer {number}: expected {expected}, found {found}")
            size = hidden
        for number, layer in enumerate(self.layers):
            if layer.weight.shape[1] != size or layer.bias.shape != layer.weight.shape[:1]:
                raise ValueError(f"layer {number}: expected weights of {size} inputs and a bias "
                                 f"for each output, found {layer.weight.shape} and "
                                 f"{layer.bias.shape}")
            size = layer.weight.shape[0]

    def act(self, observations: np.ndarray, actions: ActionTerm) -> np.ndarray:
        """Return commands float32 (n, action size) for float32 (n, observation size).

        Raises ValueError for a recurrent network, whose commands follow from more than that, and
        for one that sees a picture.
        """
        if self.recurrent or self.seeing is not None:
            raise ValueError("a network with a memory or a picture acts in a runtime")
        x = observations
        if self.mean is not None and self.deviation is not None:
            x = (x - self.mean) / self.deviation
            if self.observation_clip is not None:
                x = x.clip(-self.observation_clip, self.observation_clip)
            x = x.astype(np.float32)
        activate = ACTIVATIONS[self.activation]
        for number, layer in enumerate(self.layers):
            x = (activate(x) if number else x) @ layer.weight.T + layer.bias
        if self.choices:
            logits = np.split(x, np.cumsum(self.choices)[:-1], axis=1)
            return np.stack([each.argmax(axis=1) for each in logits], 1).astype(np.float32)
        return actions.command(np.tanh(x) if self.squash else x)


def network_of(architecture: Mapping[str, Any], weights: Mapping[str, np.ndarray],
               head: str = "actor") -> PolicyNetwork:
    """Return the ``actor`` of a policy that was saved by `PPOAgentNode`, or its ``critic``.

    ``architecture`` is the saved `PolicySpec`, ``weights`` are float32 arrays by torch's names.
    A critic's value is as it learned it: see `value_scale`.  Raises ValueError for weights that do
    not fit one another, or are missing.
    """
    shape = _Shape.of(architecture, head)
    names = [f"{part}.{index}" for part in ("trunk", head) for index in sorted(
        int(name.split(".")[1]) for name in weights
        if name.startswith(f"{part}.") and name.endswith(".weight"))]
    memory = f"{head}_memory.layers."
    try:
        layers = tuple(
            Layer(_float32(weights[f"{name}.weight"]), _float32(weights[f"{name}.bias"]))
            for name in names)
        recurrent = tuple(
            RecurrentLayer(*(_float32(weights[f"{memory}{name}{number}"])
                             for name in _RECURRENT)) for number in range(shape.memory_layers))
        seeing = picture_layers(architecture, weights, head)
        mean = deviation = None
        if architecture["normalize_observations"]:
            mean = _float32(weights[f"{shape.normalizer}mean"])
            deviation = np.sqrt(_float32(weights[f"{shape.normalizer}variance"])) + _EPSILON
    except KeyError as error:
        raise ValueError(f"the policy lacks {error}") from None
    is_actor = head == "actor"
    choices = architecture.get("choices") or [architecture["action_size"]]
    network = PolicyNetwork(
        layers, architecture["activation"], mean, deviation,
        tuple(choices) if is_actor and architecture["discrete"] else (), cell=shape.cell,
        recurrent=recurrent, squash=is_actor and bool(architecture.get("squash")),
        seeing=seeing)
    _check(network, shape)
    return network


@dataclass(frozen=True)
class _Shape:
    """What a saved architecture says of one of its networks: see `PolicySpec`.

    ``sizes``: what goes in, what each layer gives, and what goes out.
    """

    sizes: tuple[int, ...]
    normalizer: str
    cell: str
    memory_layers: int

    @classmethod
    def of(cls, architecture: Mapping[str, Any], head: str) -> _Shape:
        """Read it; policies that were saved before there was all of it have defaults."""
        observed, hidden = architecture["observation_size"], architecture["hidden_sizes"]
        normalizer, outputs = _NORMALIZER, architecture["action_size"]
        if head == "critic":
            outputs = 1
            own_hidden = architecture.get("critic_hidden_sizes")
            hidden = hidden if own_hidden is None else own_hidden
            if own := architecture.get("critic_observation_size"):
                observed, normalizer = own, f"critic_{_NORMALIZER}"
        cell = architecture.get("memory", "")
        if cell:
            hidden = [architecture["memory_size"], *hidden]
        return cls((int(observed), *map(int, hidden), int(outputs)), normalizer, cell,
                   int(architecture["memory_layers"]) if cell else 0)


def value_scale(architecture: Mapping[str, Any], weights: Mapping[str, np.ndarray]
                ) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    """Return what a saved critic's output 1 means in returns, and what 0 does; None: itself."""
    if not architecture["normalize_values"]:
        return None, None
    deviation = np.sqrt(_float32(weights[f"{_VALUE_NORMALIZER}variance"])) + _EPSILON
    mean = _float32(weights[f"{_VALUE_NORMALIZER}mean"])
    return tuple(map(float, deviation)), tuple(map(float, mean))


def _float32(array: Any) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)


def _check(network: PolicyNetwork, shape: _Shape) -> None:
    """Raise ValueError unless each layer takes what the one before gives."""
    if network.activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {network.activation!r:.40}")
    if network.recurrent or network.seeing is not None:
        network.check()
        if network.observation_size != shape.sizes[0]:
            raise ValueError(f"expected weights for {shape.sizes[0]} observations, found those "
                             f"for {network.observation_size}")
    sizes = shape.sizes[1:] if shape.cell else shape.sizes
    if network.seeing is not None and not shape.cell:
        sizes = (sizes[0] - network.seeing.pixels + network.seeing.features, *sizes[1:])
    expected = [(after, before) for before, after in pairwise(sizes)]
    found = [layer.weight.shape for layer in network.layers]
    if found != expected or any(layer.bias.shape != (layer.weight.shape[0],)
                                for layer in network.layers):
        raise ValueError(f"expected layers of {expected}, found {found}")
