"""What an optimizer remembers, as tensors by name."""

from __future__ import annotations

from torch import Tensor
from torch.optim import Optimizer


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return the state of every parameter: ``{"0.momentum_buffer": …}``."""
    return {f"{parameter}.{name}": value.detach().clone()  # its own is written to in place
            for parameter, state in optimizer.state_dict()["state"].items()
            for name, value in state.items() if isinstance(value, Tensor)}


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimizer what `optimizer_tensors` returned; its settings stay its own.

    ValueError if the tensors are those of other parameters.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition(".")
        if not number.isdecimal() or int(number) >= len(parameters) or (tensor.dim() and (
                tensor.shape != parameters[int(number)].shape)):
            raise ValueError(f"the optimizer's {key} of shape {tuple(tensor.shape)} belongs to "
                             "no parameter of this network")
        state.setdefault(int(number), {})[name] = tensor.clone()
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
