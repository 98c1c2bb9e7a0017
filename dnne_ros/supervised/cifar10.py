"""The small pictures of CIFAR-10: where their files are, what is in them, and how to get them.

https://www.cs.toronto.edu/~kriz/cifar.html: 32×32 pixels in three colours, red before green
before blue, in ten classes.  The Python version, which torchvision has too, is a pickle for each
10,000 pictures; the binary version has a byte with the label in front of each picture.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import TensorDataset

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.supervised.batch_pickle import DamagedBatch, read_batch
from dnne_ros.supervised.fetching import fetch

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
           "truck")
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""By colour, with pixels from 0 to 1: the figures that most programs take.  The mean is that of
the 50,000 training pictures, the other the mean of each picture's own standard deviation."""
SOURCE = "https://www.cs.toronto.edu/~kriz/"
ARCHIVE = "cifar-10-python.tar.gz"
MD5 = "c58f30108f718f92721af3b95e74349a"
"""Of the archive, as torchvision has it."""
SHAPE = (3, 32, 32)
_WIDTH = 3 * 32 * 32
_FOLDER, _BINARY_FOLDER = "cifar-10-batches-py", "cifar-10-batches-bin"
_TRAINING = tuple(f"data_batch_{number}" for number in range(1, 6))
_HELD_OUT = ("test_batch",)
_LARGEST_FILE = 200_000_000


class Pictures(TensorDataset):
    """Pictures that are kept as bytes, and are made float32 and normalised when they are taken."""

    def __init__(self, pixels: torch.Tensor, labels: torch.Tensor):
        """Hold uint8 pixels (sample, colour, height, width) and int64 labels (sample,)."""
        super().__init__(pixels, labels)
        shape = (-1, 1, 1)
        self._mean = torch.tensor(MEAN).reshape(shape)
        self._std = torch.tensor(STD).reshape(shape)

    def __getitem__(self, index: Any) -> tuple[torch.Tensor, ...]:
        """Return a picture and its label; of a list or slice of indices, a batch of them."""
        pixels, labels = (tensor[index] for tensor in self.tensors)
        return (pixels.to(torch.float32).div_(255).sub_(self._mean).div_(self._std), labels)


def load_cifar10(data_path: str, train: bool, download: bool, say: Callable[[str], object]
                 ) -> tuple[Pictures, dict[str, Any]]:
    """Return the training or the held-out pictures, and the schema that describes them.

    Pictures are float32 (sample, 3, 32, 32), normalised with `MEAN` and `STD`; labels are int64
    (sample,), 0 to 9, in the order of `CLASSES`.  ``data_path`` holds the folder of the Python or
    the binary version, or the archive of the Python one, which is then unpacked; else the archive
    is fetched if ``download``, and ``say`` is given a line on it.  `InputError` names a file that
    is missing or damaged.
    """
    names = _TRAINING if train else _HELD_OUT
    batches = [_read(file) for file in _find(Path(data_path), names, download, say)]
    pixels = np.concatenate([pixels for pixels, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    dataset = Pictures(torch.from_numpy(pixels).reshape(-1, *SHAPE), torch.from_numpy(labels))
    return dataset, {
        "name": "CIFAR-10", "train": train, "samples": len(dataset), "classes": len(CLASSES),
        "class_names": list(CLASSES), "shape": list(SHAPE), "mean": list(MEAN), "std": list(STD)}


def _find(data_path: Path, names: Sequence[str], download: bool, say: Callable[[str], object]
          ) -> list[Path]:
    """Return the files of the batches."""
    folder, archive = data_path / _FOLDER, data_path / ARCHIVE
    versions = ([folder / name for name in names],
                [data_path / _BINARY_FOLDER / f"{name}.bin" for name in names])
    for files in versions:
        if all(file.is_file() for file in files):
            return files
    if not archive.is_file():
        by_hand = f"without a network, put {ARCHIVE} there (from {SOURCE})"
        if not download:
            missing = next(file for file in versions[0] if not file.is_file())
            raise InputError(str(data_path), [
                f"no {_FOLDER}/{missing.name}, no {_BINARY_FOLDER} and no {ARCHIVE} here; set "
                f"download=true, or {by_hand}"])
        fetch(SOURCE, ARCHIVE, MD5, data_path, by_hand, say)
    say(f"unpacking {archive}")
    _unpack(archive, folder)
    return versions[0]


def _unpack(archive: Path, folder: Path) -> None:
    """Write the batches that an archive holds beside it, and nothing else of it."""
    try:
        found = _md5(archive)
        if found != MD5:
            raise InputError(str(archive), [f"expected MD5 {MD5}, found {found}: it is damaged, "
                                            "or another file; remove it"])
        folder.mkdir(exist_ok=True)
        with tarfile.open(archive, "r:gz") as packed:
            for name in (*_TRAINING, *_HELD_OUT):
                content = packed.extractfile(f"{_FOLDER}/{name}")
                if content is None:
                    raise InputError(str(archive), [f"expected a file {_FOLDER}/{name}"])
                aside = folder / f".{name}.{os.getpid()}"
                aside.write_bytes(content.read())
                os.replace(aside, folder / name)
    except OSError as error:
        raise InputError(str(archive), [f"cannot unpack: {error.strerror or error}"]) from None
    except (KeyError, EOFError, zlib.error, tarfile.TarError) as error:
        raise InputError(str(archive), [f"cannot unpack: {error}"]) from None


def _md5(path: Path) -> str:
    digest = hashlib.md5()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _read(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels, uint8 (picture, 3072), and labels, int64 (picture,), of a batch."""
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise DamagedBatch(f"expected at most {_LARGEST_FILE:,} bytes, found "
                               f"{file.stat().st_size:,}")
        data = read_file(file)
        pixels, labels = _read_binary(data) if file.suffix == ".bin" else read_batch(data, _WIDTH)
    except OSError as error:
        raise InputError(str(file), [f"cannot read: {error.strerror}"]) from None
    except DamagedBatch as error:
        raise InputError(str(file), [str(error)]) from None
    if len(labels) != len(pixels):
        raise InputError(str(file), [f"expected a label for each of {len(pixels):,} pictures, "
                                     f"found {len(labels):,}"])
    wrong = [place for place, label in enumerate(labels) if label >= len(CLASSES)]
    if wrong:
        raise InputError(str(file), [f"label {wrong[0]:,} (from 0): expected 0 to "
                                     f"{len(CLASSES) - 1}, found {labels[wrong[0]]}"])
    return pixels, np.array(labels, np.int64)


def _read_binary(data: bytes) -> tuple[np.ndarray, list[int]]:
    if not data or len(data) % (_WIDTH + 1):
        raise DamagedBatch(f"expected records of {_WIDTH + 1:,} bytes, found {len(data):,} bytes")
    records = np.frombuffer(data, np.uint8).reshape(-1, _WIDTH + 1)
    return records[:, 1:], records[:, 0].tolist()
