"""Small networks, one thread."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Keep torch from spreading small networks over cores; put it back afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
