"""Work of a CUDA device that is the same each time: captured once, then launched with one call.

A small operation takes a GPU some microseconds and Python as long to ask for it.  In a CUDA graph
(NVIDIA, "CUDA C++ Programming Guide", CUDA Graphs) a whole step is asked for with one call.  What
is captured reads and writes the same memory each time, never waits for the device, and does not
happen while it is captured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

WARM_UPS = 3
"""Times that work is done before it is captured: as torch asks for, as libraries set up."""

Result = TypeVar("Result")


def aside(device: torch.device, work: Callable[[], Result]) -> Result:
    """Do ``work`` on a stream of its own, as what is done before a capture has to be."""
    side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's
    side.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(side):
        result = work()
    torch.cuda.current_stream(device).wait_stream(side)
    return result


def capture(work: Callable[[], Result], *generators: torch.Generator
            ) -> tuple[Result, Callable[[], None]]:
    """Return what ``work`` returns, whose tensors each call of what is returned with it fills.

    ``generators`` are those that it draws from: each call draws on.
    """
    graph = torch.cuda.CUDAGraph()
    for generator in generators:
        graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        result = work()
    return result, graph.replay
