"""What sensors add to what is: a bias that lasts an episode, and noise."""

from __future__ import annotations

import math

import numpy as np

QUANTITIES = ("position", "velocity", "effort", "angular_velocity", "linear_acceleration", "force",
              "torque", "contact")
"""What may be sensed wrongly: of joints, of IMUs, of force and of touch sensors."""


def parse_sizes(text: str, widget: str) -> dict[str, float]:
    """Read ``position:0.001, velocity:0.01``; ValueError for anything else, naming ``widget``."""
    sizes: dict[str, float] = {}
    for entry in text.split(",") if text.strip() else ():
        name, _, number = (part.strip() for part in entry.partition(":"))
        try:
            size = float(number)
        except ValueError:
            size = math.nan
        if name not in QUANTITIES or name in sizes or not 0.0 <= size < math.inf:
            raise ValueError(f"widget {widget!r}: expected entries such as position:0.001, each "
                             f"of {', '.join(QUANTITIES)} once, found {entry.strip()!r:.60}")
        sizes[name] = size
    return sizes


class SensorNoise:
    """Makes measurements of what is true.

    Each number of each sensor has a bias, drawn evenly from -size to size when an episode begins,
    and noise of a normal distribution with the size as its standard deviation.
    """

    def __init__(self, noise: dict[str, float], bias: dict[str, float], seed: int):
        """Add ``noise`` and ``bias`` by quantity; the same ``seed`` draws the same numbers."""
        self._noise, self._bias = noise, bias
        self._random = np.random.default_rng(seed)
        self._biases: dict[tuple[str, str], np.ndarray] = {}

    def begin_anew(self) -> None:
        """Draw other biases from here on."""
        self._biases.clear()

    def measured(self, quantity: str, sensor: str, true: np.ndarray) -> np.ndarray:
        """Return what ``sensor`` says of a ``true`` quantity, float64 of any shape."""
        found = true
        if size := self._bias.get(quantity):
            key = (quantity, sensor)
            if key not in self._biases:
                self._biases[key] = self._random.uniform(-size, size, true.shape)
            found = found + self._biases[key]
        if size := self._noise.get(quantity):
            found = found + self._random.normal(0.0, size, true.shape)
        return found
