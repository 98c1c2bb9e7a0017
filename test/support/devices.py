"""Policies that act and learn on devices, and what must not happen there."""

from dataclasses import replace

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from dnne_ros.rl.policy_spec import PolicySpec

KINDS = {
    "plain": PolicySpec(3, 2, (8,), "tanh", False, -0.5),
    "normalised": PolicySpec(3, 2, (8,), "elu", False, -0.5, normalize_observations=True,
                             normalize_values=True),
    "discrete": PolicySpec(3, 4, (8,), "tanh", True),
    "asymmetric": PolicySpec(3, 2, (8,), "tanh", False, -0.5, critic_observation_size=5),
    "several choices": PolicySpec(3, 5, (8,), "tanh", True, choices=(3, 2)),
    "squashed": PolicySpec(3, 2, (8,), "tanh", False, -0.5, squash=True, std_type="scalar"),
    "mirrored": PolicySpec(3, 2, (8,), "tanh", False, -0.5),
    "picture": PolicySpec(12, 2, (8,), "relu", False, -0.5, picture=(1, 3, 3),
                          convolutions=((2, 2, 1),), normalize_observations=True)}
KINDS["memory"] = replace(KINDS["plain"], memory="gru", memory_size=6)
CAPTURED = [kind for kind in KINDS if kind != "memory"]
"""Those whose steps are CUDA graphs."""


class NoConstants(TorchFunctionMode):
    """Fails calls that make tensors of Python's numbers, which cannot be captured."""

    def __torch_function__(self, function, types, arguments=(), named=None):
        assert function.__name__ not in ("tensor", "new_tensor", "as_tensor", "from_numpy")
        if function.__name__ in ("__getitem__", "__setitem__"):
            place = arguments[1] if isinstance(arguments[1], tuple) else (arguments[1],)
            assert not any(isinstance(each, list) for each in place)
        return function(*arguments, **(named or {}))


class OnDeviceAlone(TorchDispatchMode):
    """Fails operations that bring tensors to a device, which cannot be captured."""

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        found = operation(*arguments, **(named or {}))
        made = [each for each in pytree.tree_leaves(found) if isinstance(each, torch.Tensor)]
        read = [each for each in pytree.tree_leaves((arguments, named))
                if isinstance(each, torch.Tensor)]
        for tensor in made + read:
            assert tensor.device.type == "meta" or not tensor.dim(), operation
        if read and any(each.device.type == "cpu" for each in read):
            assert "copy" not in str(operation), operation
        return found
