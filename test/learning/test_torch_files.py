"""Files of torch.save: tensors alone are read, and nothing in them runs."""

import pickle

import pytest
import torch

from dnne_ros.learning.torch_files import read_torch_file

WEIGHTS = {"a": torch.tensor([1.0, 2.0]), "b": torch.zeros(2, 3, dtype=torch.int64)}


class Code:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return (open, ("/nonexistent/proof", "w"))


@pytest.mark.parametrize("wrapped", [
    WEIGHTS, {"model_state_dict": WEIGHTS, "epoch": 3, "optimizer": {"state": {}}},
    {"state_dict": WEIGHTS}, {"model": WEIGHTS}])
def test_a_state_dictionary_or_what_holds_one(tmp_path, wrapped):
    torch.save(wrapped, tmp_path / "model.pt")
    found = read_torch_file(tmp_path / "model.pt")
    assert list(found) == ["a", "b"]
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def saved(thing):
    return lambda path: torch.save(thing, path)


@pytest.mark.parametrize("write, expected", [
    (saved({"a": Code()}), "expected tensors alone, found objects whose loading would run code"),
    (saved(torch.nn.Linear(1, 1)), "expected tensors alone, found objects"),
    (lambda path: path.write_bytes(pickle.dumps(Code(), 2)), "expected tensors alone, found obj"),
    (saved({}), "expected tensors by name, found an empty dictionary"),
    (saved({"loss": 1.0, "epoch": 2}), "found a dictionary with 'loss', 'epoch'"),
    (saved([1, 2]), "expected tensors by name, found list"),
    (lambda path: path.write_bytes(b""), "expected a file of torch.save, found damaged data"),
    (lambda path: path.write_bytes(b"PK\x03\x04 cut off"), "found damaged data")])
def test_anything_else_is_named(tmp_path, write, expected):
    write(tmp_path / "model.pt")
    with pytest.raises(ValueError, match=expected):
        read_torch_file(tmp_path / "model.pt")
