"""An imported network in torch, step by step as the program that trained it runs it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from dnne_ros.policies.interface import ActionTerm
from dnne_ros.policies.network import PolicyNetwork

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu, "tanh": torch.tanh, "elu": torch.nn.functional.elu}
_CELLS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def torch_actions(network: PolicyNetwork, actions: ActionTerm
                  ) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives commands float32 (…, actions) for observations float32 (…, size).

    Of a recurrent network observations are (sequences, steps, size), with a reset before each
    sequence.
    """
    memory = _memory(network)

    @torch.no_grad()
    def act(observations: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(_normalized(network, observations))
        if memory is not None:
            x = memory(x)[0]
        activate = _ACTIVATIONS[network.activation]
        for number, layer in enumerate(network.layers):
            x = torch.nn.functional.linear(
                activate(x) if number else x, torch.from_numpy(layer.weight),
                torch.from_numpy(layer.bias))
        if network.choices:
            logits = np.split(x.numpy(), np.cumsum(network.choices)[:-1], axis=-1)
            return np.stack([each.argmax(-1) for each in logits], -1).astype(np.float32)
        outputs: np.ndarray = (torch.tanh(x) if network.squash else x).numpy()
        return actions.command(outputs)

    return act


def _normalized(network: PolicyNetwork, observations: np.ndarray) -> np.ndarray:
    """Return observations float32 as the layers take them."""
    if network.mean is None or network.deviation is None:
        return observations
    normalized = (observations - network.mean) / network.deviation
    if network.observation_clip is not None:
        normalized = normalized.clip(-network.observation_clip, network.observation_clip)
    return np.asarray(normalized, np.float32)


def _memory(network: PolicyNetwork) -> torch.nn.Module | None:
    """Return the recurrent layers as torch has them, on (sequences, steps, size)."""
    if not network.recurrent:
        return None
    first = network.recurrent[0]
    memory: torch.nn.Module = _CELLS[network.cell](network.observation_size, first.hidden_size,
                                  len(network.recurrent), batch_first=True)
    memory.load_state_dict({
        f"{name}_l{number}": torch.from_numpy(array)
        for number, layer in enumerate(network.recurrent)
        for name, array in (("weight_ih", layer.input_weight), ("weight_hh", layer.state_weight),
                            ("bias_ih", layer.input_bias), ("bias_hh", layer.state_bias))})
    return memory
