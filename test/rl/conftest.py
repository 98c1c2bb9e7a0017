"""Small networks, one thread."""

import pytest
import torch

from dnne_ros.learning.flat_adam import FlatAdam


@pytest.fixture(autouse=True)
def one_thread():
    """Keep torch from spreading small networks over cores; put it back afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def without_numbers(monkeypatch):
    """Leave out what torch cannot do where there are no numbers: Adam's step, and some draws."""
    for name in ("__init__", "set_learning_rate", "step"):
        monkeypatch.setattr(FlatAdam, name, lambda *_: None)
    monkeypatch.setattr(torch.Tensor, "exponential_", lambda self, *, generator: self)
