"""Nodes that set torch's threads for their process."""

import pytest
import torch


@pytest.fixture(autouse=True)
def threads():
    """Put them back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
