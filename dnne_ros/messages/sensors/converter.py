"""Messages of sensors as arrays by name, and back: what all types have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.reading import NumberReader
from dnne_ros.messages.sensors.quantity import Meaning, Quantity
from dnne_ros.messages.writing import NumberWriter

INVALID = ("keep", "zero", "limit", "drop", "refuse")
"""What becomes of numbers that are none, and of those that a sensor says are none of its range.

``keep``: they stay.  ``zero``: they are 0.  ``limit``: they are the end of the range that they are
beyond; NaN counts as nothing within it, so as its far end.  ``drop``: elements with one are left
out.  ``refuse``: the message is none.
"""


@dataclass(frozen=True)
class Options:
    """How messages are read and written."""

    invalid: str = "keep"
    """One of `INVALID`."""
    fields: tuple[str, ...] = ("x", "y", "z")
    """Which fields of a point, in which order; (): all."""
    organised: bool = True
    """Points of a cloud of several rows keep them: (height, width, fields)."""
    quality: int = 95
    """Of a JPEG that is written."""
    format: str = "jpeg"
    """Of a compressed picture that is written: jpeg or png."""


Values = Mapping[str, Any]
"""Arrays, or texts, by the names of quantities."""


class Converter:
    """Reads and writes the quantities of one message type, each from a field of its own.

    A type of which that is not all has a subclass.
    """

    invalid: ClassVar[tuple[str, ...]] = ("keep", "zero", "refuse")
    """Those of `INVALID` that make sense for the type."""
    has_fields: ClassVar[bool] = False
    """It goes by `Options.fields` and `Options.organised`."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Modules that it needs, beside numpy."""

    def __init__(self, message_type: str, *quantities: Quantity):
        """Convert messages of ``package/msg/Name``."""
        self.message_type = message_type
        self.quantities = {each.name: each for each in quantities}

    def reader(self, options: Options, wanted: Collection[str]
               ) -> Callable[[Any], dict[str, Any]]:
        """Return what reads the ``wanted`` quantities of a message; the arrays are its own.

        It raises ValueError for a message that lacks one, or that ``options`` refuse.
        """
        reads = {name: self._read(self.quantities[name]) for name in wanted}

        def read(message: Any) -> dict[str, Any]:
            return {name: self._valid(take(message), name, options.invalid)
                    for name, take in reads.items()}
        return read

    def writer(self, options: Options, given: Collection[str]
               ) -> Callable[[Any, Values], None]:
        """Return what writes the ``given`` quantities into a message.

        It raises ValueError, with the quantity's name, for a value that does not fit.
        """
        writes = {name: self._write(self.quantities[name]) for name in given}

        def write(message: Any, values: Values) -> None:
            for name, put in writes.items():
                try:
                    put(message, values[name])
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        return write

    def _read(self, quantity: Quantity) -> Callable[[Any], Any]:
        if quantity.meaning is Meaning.TEXT:
            return lambda message: getattr(message, quantity.field)
        numbers = NumberReader(message_class(self.message_type), quantity.field)
        if not quantity.shape:
            return numbers.read
        return lambda message: numbers.read(message).reshape(quantity.shape)

    def _write(self, quantity: Quantity) -> Callable[[Any, Any], None]:
        if quantity.meaning is Meaning.TEXT:
            return lambda message, text: setattr(message, quantity.field, text)
        numbers = NumberWriter(message_class(self.message_type), quantity.field)
        return lambda message, values: numbers.write(message, values.ravel())

    def _valid(self, value: Any, name: str, invalid: str) -> Any:
        """Return a value that may go on, as ``invalid`` says."""
        if invalid == "keep" or not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return value
        return without_invalid(value, np.isfinite(value), name, invalid)


def without_invalid(numbers: np.ndarray, valid: np.ndarray, name: str, invalid: str
                    ) -> np.ndarray:
    """Return ``numbers`` with 0 for those not ``valid``; ValueError if they are refused."""
    if valid.all():
        return numbers
    if invalid == "refuse":
        raise ValueError(f"{np.count_nonzero(~valid)} of {valid.size} {name} are no valid numbers")
    return np.where(valid, numbers, numbers.dtype.type(0))
