"""Checkpoint directories that hold weights alone."""

import pytest
import torch

from dnne_ros.checkpoints.model_files import model_files, read_model
from dnne_ros.errors import InputError


def test_a_file_for_each_node(tmp_path):
    for name in ("node_6", "node_40-a", "other"):
        (tmp_path / name).mkdir()
        torch.save({"a": torch.ones(1)}, tmp_path / name / "model.pt")
    (tmp_path / "node_7").mkdir()
    assert model_files(tmp_path) == {"6": tmp_path / "node_6/model.pt",
                                     "40-a": tmp_path / "node_40-a/model.pt"}
    assert model_files(tmp_path / "none") == {}


@pytest.mark.parametrize("content, expected", [
    ({"a": torch.tensor([1.0, float("inf")])}, "a: expected finite numbers, found NaN or inf"),
    ({}, "expected tensors by name, found an empty dictionary")])
def test_what_cannot_be_begun_with_is_named_with_its_file(tmp_path, content, expected):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(InputError, match=f"model.pt: {expected}"):
        read_model(tmp_path / "model.pt")
    with pytest.raises(InputError, match="none.pt: cannot read: No such file"):
        read_model(tmp_path / "none.pt")
