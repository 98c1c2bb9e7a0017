"""Small MNIST files."""

import gzip

import numpy as np
import pytest


def write_digits(folder, prefix, images, labels):
    """Write a pair of idx files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        array = np.asarray(array, np.uint8)
        header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
        (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def digits(tmp_path):
    """Write MNIST files of the given arrays; returns their data path."""
    def write(images, labels, prefix="train", folder="MNIST/raw"):
        write_digits(tmp_path / folder, prefix, images, labels)
        return str(tmp_path)
    return write
