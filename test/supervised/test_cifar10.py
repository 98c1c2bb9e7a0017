import functools
import hashlib
import http.server
import io
import pickle
import tarfile
import threading

import numpy as np
import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.supervised import cifar10
from dnne_ros.supervised.cifar10 import ARCHIVE, load_cifar10
from dnne_ros.supervised.loading import batch_loader

NAMES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


def pickled(number):
    """Return a batch of two pictures: all red or all blue, with the batch's number as label."""
    pixels = np.zeros((2, 3, 32, 32), np.uint8)
    pixels[0, 0] = pixels[1, 2] = 255
    return pickle.dumps({"data": pixels.reshape(2, -1), "labels": [number, number]}, 2)


@pytest.fixture
def batches(tmp_path):
    """Write the folder of the Python version; return it."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_bytes(pickled(number))
    return folder


def problem(path, train=True, download=False):
    with pytest.raises(InputError) as caught:
        load_cifar10(str(path), train, download, lambda line: None)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pictures_are_normalised_by_colour_and_labels_whole_numbers(batches):
    dataset, schema = load_cifar10(str(batches.parent), True, False, print)
    (red, label), (blue, _) = dataset[0], dataset[1]
    assert red.shape == (3, 32, 32) and red.dtype == torch.float32
    assert red[:, 5, 7].tolist() == pytest.approx(
        [(1 - 0.4914) / 0.2023, -0.4822 / 0.1994, -0.4465 / 0.2010])
    assert blue[2].unique().item() == pytest.approx((1 - 0.4465) / 0.2010)
    assert label.item() == 0 and label.dtype == torch.int64
    assert [label.item() for _, label in dataset] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert schema["shape"] == [3, 32, 32] and schema["classes"] == 10
    assert schema["samples"] == 10 and schema["class_names"][6] == "frog"


def test_held_out_pictures_are_others(batches):
    dataset, schema = load_cifar10(str(batches.parent), False, False, print)
    assert [label.item() for _, label in dataset] == [5, 5] and schema["train"] is False


def test_a_batch_is_taken_at_once_and_is_that_of_its_pictures(batches):
    dataset, _ = load_cifar10(str(batches.parent), True, False, print)
    loader = batch_loader(dataset, 4, False, torch.Generator())
    pictures, labels = next(iter(loader))
    assert pictures.shape == (4, 3, 32, 32) and labels.tolist() == [0, 0, 1, 1]
    assert torch.equal(pictures, torch.stack([dataset[index][0] for index in range(4)]))
    assert dataset.tensors[0].dtype == torch.uint8  # a quarter of the memory


def test_the_binary_version_is_read_too(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    (folder / "test_batch.bin").write_bytes(bytes((7,)) + bytes((255,)) * 1024 + bytes(2048))
    (picture, label), = load_cifar10(str(tmp_path), False, False, print)[0]
    assert label.item() == 7 and picture[0].min() > 0 > picture[1].max()
    (folder / "test_batch.bin").write_bytes(bytes(3000))
    assert "expected records of 3,073 bytes, found 3,000 bytes" in problem(tmp_path, False)


def test_missing_files_are_named_with_where_to_put_them(tmp_path, batches):
    (batches / "data_batch_3").unlink()
    message = problem(batches.parent)
    assert "no cifar-10-batches-py/data_batch_3" in message and "download=true" in message
    assert ARCHIVE in message and cifar10.SOURCE in message


@pytest.mark.parametrize("content, expected", [
    (pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": [1]}, 2),
     "expected a label for each of 2 pictures, found 1"),
    (pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": [10]}, 2),
     "label 0 (from 0): expected 0 to 9, found 10"),
    (b"cos\nsystem\n(S'touch ran'\ntR.", "names 'os.system', which no batch of pictures holds"),
    (b"", "expected the pickle of a batch (EOFError)")])
def test_files_that_hold_no_pictures_are_named(batches, content, expected):
    (batches / "data_batch_2").write_bytes(content)
    message = problem(batches.parent)
    assert message.startswith(f"{batches / 'data_batch_2'}: ") and expected in message


def test_a_file_that_is_far_too_large_is_not_read(batches, monkeypatch):
    monkeypatch.setattr(cifar10, "_LARGEST_FILE", 100)
    assert "expected at most 100 bytes, found" in problem(batches.parent)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Write an archive of small batches, with its own checksum, into a folder to serve from."""
    path = tmp_path / "served" / ARCHIVE
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as packed:
        for number, name in enumerate((*NAMES, "batches.meta")):
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(pickled(number))
            packed.addfile(entry, io.BytesIO(pickled(number)))
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(path.read_bytes()).hexdigest())
    return path


def labels_of(path, download):
    said = []
    dataset, _ = load_cifar10(str(path), True, download, said.append)
    return dataset.tensors[1].tolist(), said


def test_an_archive_that_lies_there_is_unpacked_once(archive):
    labels, said = labels_of(archive.parent, False)
    assert labels == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4] and said == [f"unpacking {archive}"]
    assert sorted(path.name for path in (archive.parent / "cifar-10-batches-py").iterdir()) == (
        sorted(NAMES))
    assert labels_of(archive.parent, False) == (labels, [])


def test_an_archive_with_another_sum_is_refused(archive):
    archive.write_bytes(b"somebody else's")
    assert "expected MD5" in problem(archive.parent)
    assert not (archive.parent / "cifar-10-batches-py").exists()


def test_an_archive_without_the_batches_is_refused(archive, monkeypatch):
    with tarfile.open(archive, "w:gz"):
        pass
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    assert "cannot unpack" in problem(archive.parent)


def test_downloads_what_is_missing_once(archive, tmp_path, monkeypatch):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    listener = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(archive.parent)))
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    monkeypatch.setattr(cifar10, "SOURCE", f"http://127.0.0.1:{listener.server_port}/")
    try:
        labels, said = labels_of(tmp_path / "new", True)
        assert labels[-1] == 4 and [line.split()[0] for line in said] == [
            "downloading", "unpacking"]
        assert labels_of(tmp_path / "new", True) == (labels, [])
    finally:
        listener.shutdown()
        listener.server_close()


def test_without_a_network_it_says_where_to_put_what(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "SOURCE", "http://127.0.0.1:9/")
    message = problem(tmp_path, download=True)
    assert "cannot be downloaded" in message and f"put {ARCHIVE} there" in message
