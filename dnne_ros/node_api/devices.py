"""Which device tensors live on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from dnne_ros.node_api.context import Log

_warned: set[str] = set()


def pick_device(wanted: str, log: Log) -> torch.device:
    """Return the ``wanted`` device, or the CPU with one warning where CUDA is not to be had."""
    import torch

    if wanted.startswith("cuda") and not torch.cuda.is_available():
        if wanted not in _warned:
            _warned.add(wanted)
            log.warning("device=cuda, but this machine has no CUDA: running on the CPU")
        return torch.device("cpu")
    return torch.device(wanted)
