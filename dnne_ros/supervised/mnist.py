"""The MNIST digits: where their files are, what must be in them, and how to get them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import TensorDataset

from dnne_ros.errors import InputError
from dnne_ros.supervised.fetching import fetch
from dnne_ros.supervised.idx import read_idx

CLASSES = 10
MEAN, STD = 0.1307, 0.3081
"""Of the 60,000 training pictures, with pixels from 0 to 1."""
SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
"""Checksums of the original files, as torchvision has them."""
_FOLDER = Path("MNIST") / "raw"


def load_mnist(data_path: str, train: bool, download: bool, say: Callable[[str], object]
               ) -> tuple[TensorDataset, dict[str, Any]]:
    """Return the training or the held-out digits, and the schema that describes them.

    Pictures are float32 (sample, 1, height, width), normalised with `MEAN` and `STD`; labels are
    int64 (sample,), 0 to 9.  The files are looked for in ``data_path`` and in
    ``data_path/MNIST/raw``, packed or not; what is missing is fetched into the latter if
    ``download``, and ``say`` is given a line on it.  `InputError` names a file that is missing
    or damaged.
    """
    prefix = "train" if train else "t10k"
    files = [_find(Path(data_path), name, download, say)
             for name in MD5 if name.startswith(prefix)]
    images, labels = _read(files[0], 3), _read(files[1], 1)
    if len(images) != len(labels) or not len(images):
        raise InputError(str(files[1]), [
            f"expected as many labels as {files[0].name} has pictures, at least one; found "
            f"{len(labels):,} for {len(images):,}"])
    if labels.max() >= CLASSES:
        place = int(np.argmax(labels >= CLASSES))
        raise InputError(str(files[1]), [
            f"label {place:,} (from 0): expected 0 to {CLASSES - 1}, found {labels[place]}"])
    pixels = torch.from_numpy(images.copy()).to(torch.float32).div_(255)
    dataset = TensorDataset(pixels.sub_(MEAN).div_(STD).unsqueeze(1),
                            torch.from_numpy(labels.astype(np.int64)))
    return dataset, {
        "name": "MNIST", "train": train, "samples": len(dataset), "classes": CLASSES,
        "shape": [1, *images.shape[1:]], "mean": MEAN, "std": STD}


def _find(data_path: Path, name: str, download: bool, say: Callable[[str], object]) -> Path:
    folders = (data_path / _FOLDER, data_path)
    for folder in folders:
        for file in (folder / name, folder / name.removesuffix(".gz")):
            if file.is_file():
                return file
    if download:
        by_hand = f"without a network, put {', '.join(MD5)} into {folders[0]} (from {SOURCE})"
        return fetch(SOURCE, name, MD5[name], folders[0], by_hand, say)
    raise InputError(str(data_path), [
        f"no {name} (packed or not) here or in {folders[0]}; put the MNIST files there, or set "
        f"download=true"])


def _read(file: Path, dimensions: int) -> np.ndarray:
    try:
        array = read_idx(file)
        if array.ndim != dimensions:
            raise ValueError(f"expected {dimensions} dimensions, found {array.ndim}")
    except OSError as error:
        raise InputError(str(file), [f"cannot read: {error.strerror}"]) from None
    except ValueError as error:
        raise InputError(str(file), [str(error)]) from None
    return array
