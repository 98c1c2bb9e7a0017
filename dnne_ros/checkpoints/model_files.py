"""Weights alone, as other run times save them: ``D/node_6/model.pt``, written by `torch.save`.

There is no ``checkpoint.json``, and no optimizer's or simulator's state: a run begins with such
weights and is new otherwise.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.arrays import first_not_finite, has_torch
from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

MODEL = "model.pt"
_FOLDER = re.compile(r"node_(.+)")


def model_files(directory: Path) -> dict[str, Path]:
    """Return the files of weights in a directory by the id of the node that they are of."""
    try:
        folders = sorted(directory.iterdir())
    except OSError:
        return {}
    return {match[1]: folder / MODEL for folder in folders
            if (match := _FOLDER.fullmatch(folder.name)) and (folder / MODEL).is_file()}


def read_model(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file by name; `InputError` if it holds none, or spoilt ones."""
    if not has_torch():
        raise InputError(str(path), ["is a file of torch, which is not installed: pip install "
                                     "'dnne_ros[train]'"])
    from dnne_ros.learning.torch_files import read_torch_file

    try:
        weights = read_torch_file(path)
    except OSError as error:
        raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
    except ValueError as error:
        raise InputError(str(path), [str(error)]) from None
    spoilt = first_not_finite(weights.items())
    if spoilt is not None:
        raise InputError(str(path), [f"{spoilt}: expected finite numbers, found NaN or infinity"])
    return weights
