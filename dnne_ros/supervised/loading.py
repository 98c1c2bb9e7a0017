"""Batches of a data set."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)


def batch_loader(dataset: Dataset[Any], batch_size: int, shuffle: bool, generator: torch.Generator
                 ) -> DataLoader[Any]:
    """Return a loader of (inputs, labels) batches; the last of an epoch may be smaller.

    ``generator`` alone decides the order.  A `TensorDataset` is indexed once a batch rather than
    once a sample, which is what makes small models fast.
    """
    if not isinstance(dataset, TensorDataset):
        return DataLoader(dataset, batch_size, shuffle, generator=generator)
    order = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
    return DataLoader(dataset, batch_size=None, generator=generator,
                      sampler=BatchSampler(order, batch_size, drop_last=False))
