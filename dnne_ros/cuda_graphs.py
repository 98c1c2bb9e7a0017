"""Work of a CUDA device that is the same each time: captured once, then launched with one call.

A small operation takes a GPU some microseconds and Python as long to ask for it.  In a CUDA graph
(NVIDIA, "CUDA C++ Programming Guide", CUDA Graphs) a whole step is asked for with one call.  What
is captured reads and writes the same memory each time, never waits for the device, and does not
happen while it is captured.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

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


class Captured(Generic[Result]):
    """Work on tensors of the same shapes each time, as it is at first and captured from then on.

    What it returns when it is captured is that of the newest call: the next one writes over it.
    """

    def __init__(self, work: Callable[..., Result], device: torch.device,
                 *generators: torch.Generator, aside: Callable[..., Any] = aside,
                 capture: Callable[..., Any] = capture):
        """Do ``work(*tensors)`` on ``device``, a CUDA device unless both functions are others.

        ``generators`` are those that it draws from.
        """
        self._work, self._device, self._generators = work, device, generators
        self._aside, self._capture = aside, capture
        self._warm_ups = 0
        self._given: list[Tensor] = []
        self._launched: tuple[Result, Callable[[], None]] | None = None

    def __call__(self, *given: Tensor) -> Result:
        """Do it."""
        if self._launched is None:
            if self._warm_ups < WARM_UPS:
                self._warm_ups += 1
                first: Result = self._aside(self._device, partial(self._work, *given))
                return first
            self._given = [torch.empty_like(each) for each in given]
            self._launched = self._capture(partial(self._work, *self._given), *self._generators)
        result, launch = self._launched
        torch._foreach_copy_(self._given, given)
        launch()
        return result

    @property
    def is_captured(self) -> bool:
        """Whether what the last call returned is written over by the next."""
        return self._launched is not None
