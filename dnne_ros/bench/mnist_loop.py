"""The plain PyTorch loop that ``dnne-ros bench mnist`` compares with; prints JSON.

``python -m dnne_ros.bench.mnist_loop DATA EPOCHS THREADS SEED``; 0 threads: as PyTorch decides.
"""

from __future__ import annotations

import json
import sys
import time

import torch
from torch import nn

from dnne_ros.supervised.loading import batch_loader
from dnne_ros.supervised.mnist import load_mnist


def train(data: str, epochs: int, threads: int, seed: int) -> dict[str, float]:
    """Return epochs per second behind the first one, and the last epoch's mean loss."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    dataset, _ = load_mnist(data, True, False, print)
    loader = batch_loader(dataset, 32, True, torch.Generator().manual_seed(seed))
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 128),
        nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss_function = nn.CrossEntropyLoss()
    started = time.perf_counter()
    for epoch in range(epochs):
        if epoch == 1:
            started = time.perf_counter()
        total_loss, right = 0.0, 0
        for images, labels in loader:
            predictions = model(images)
            loss = loss_function(predictions, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total_loss += loss.item() * len(labels)
            right += (predictions.argmax(1) == labels).sum().item()
    seconds = time.perf_counter() - started
    return {"epochs_per_s": (epochs - 1) / seconds, "loss": total_loss / len(dataset)}


if __name__ == "__main__":
    print(json.dumps(train(sys.argv[1], *map(int, sys.argv[2:5]))))
