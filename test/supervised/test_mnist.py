import functools
import hashlib
import http.server
import threading

import numpy as np
import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.supervised import mnist
from dnne_ros.supervised.mnist import MD5, load_mnist

BLACK = np.zeros((3, 28, 28))
TRAINING = [name for name in MD5 if name.startswith("train")]


def problem(*arguments):
    with pytest.raises(InputError) as caught:
        load_mnist(*arguments, lambda line: None)
    return str(caught.value)


@pytest.mark.parametrize("folder", ["MNIST/raw", "."])
def test_pictures_are_normalised_and_labels_whole_numbers(digits, folder):
    images = BLACK.copy()
    images[1, 2, 3] = 255
    dataset, schema = load_mnist(digits(images, [7, 0, 9], folder=folder), True, False, print)
    pictures, labels = dataset.tensors
    assert pictures.shape == (3, 1, 28, 28) and pictures.dtype == torch.float32
    assert pictures[1, 0, 2, 3].item() == pytest.approx((1 - 0.1307) / 0.3081)
    assert pictures[0].unique().item() == pytest.approx(-0.1307 / 0.3081)
    assert labels.tolist() == [7, 0, 9] and labels.dtype == torch.int64
    assert schema["shape"] == [1, 28, 28] and schema["classes"] == 10
    assert schema["samples"] == 3


def test_held_out_digits_are_others(digits):
    path = digits(BLACK, [1, 1, 1])
    digits(BLACK[:2], [2, 2], prefix="t10k")
    assert load_mnist(path, False, False, print)[0].tensors[1].tolist() == [2, 2]


def test_missing_files_are_named_with_where_to_put_them(tmp_path):
    message = problem(str(tmp_path), True, False)
    assert "train-images-idx3-ubyte.gz" in message and str(tmp_path / "MNIST" / "raw") in message
    assert "download=true" in message


@pytest.mark.parametrize("images, labels, expected", [
    (BLACK, [1, 2], "as many labels as train-images-idx3-ubyte.gz has pictures"),
    (BLACK, [1, 2, 10], "label 2 (from 0): expected 0 to 9, found 10"),
    (BLACK[:0], [], "at least one"),
    (BLACK[0], [1], "expected 3 dimensions, found 2")])
def test_files_that_do_not_fit_are_named(digits, images, labels, expected):
    message = problem(digits(images, labels), True, False)
    assert expected in message and "-ubyte.gz" in message


def test_a_cut_file_is_named(digits, tmp_path):
    path = digits(BLACK, [1, 2, 3])
    file = tmp_path / "MNIST" / "raw" / TRAINING[0]
    file.write_bytes(file.read_bytes()[:-20])
    message = problem(path, True, False)
    assert str(file) in message and "damaged gzip data" in message


@pytest.fixture
def server(tmp_path, digits, monkeypatch):
    """Serve three digits as the MNIST files, with their own checksums."""
    digits(BLACK, [1, 2, 3], folder="served")
    served = tmp_path / "served"
    monkeypatch.setattr(mnist, "MD5", {
        name: hashlib.md5((served / name).read_bytes()).hexdigest() for name in TRAINING})

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    listener = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(served)))
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    monkeypatch.setattr(mnist, "SOURCE", f"http://127.0.0.1:{listener.server_port}/")
    yield served
    listener.shutdown()
    listener.server_close()


def test_downloads_what_is_missing_once(server, tmp_path):
    said = []
    for _ in range(2):
        dataset, _ = load_mnist(str(tmp_path / "new"), True, True, said.append)
        assert dataset.tensors[1].tolist() == [1, 2, 3]
    assert len(said) == 2 and all("downloading" in line for line in said)


def test_a_wrong_checksum_leaves_nothing_behind(server, tmp_path):
    (server / TRAINING[1]).write_bytes(b"somebody else's")
    message = problem(str(tmp_path / "new"), True, True)
    assert TRAINING[1] in message and "hash" in message.lower()
    assert not (tmp_path / "new" / "MNIST" / "raw" / TRAINING[1]).exists()


def test_without_a_network_it_says_where_to_put_which_files(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "SOURCE", "http://127.0.0.1:9/")
    message = problem(str(tmp_path), True, True)
    assert "cannot be downloaded" in message and str(tmp_path / "MNIST" / "raw") in message
    assert all(name in message for name in MD5)


def test_without_pooch_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    message = problem(str(tmp_path), True, True)
    assert "pip install 'dnne_ros[data]'" in message and TRAINING[0] in message
