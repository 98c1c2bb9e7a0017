"""``sensor_msgs/PointCloud2`` as arrays and back, without a Python loop over the points."""

from __future__ import annotations

import array
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.sensors.converter import Converter, Options, Values, without_invalid

_DTYPES = dict(zip(range(1, 9), ("i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"), strict=True))
_DATATYPES = {np.dtype(name): number for number, name in _DTYPES.items()}
_COLOURS = ("rgb", "rgba")
"""Fields of 4 bytes, of which B, G and R are the lowest: what they are declared as varies."""
_FLOAT32 = 7


class Column(NamedTuple):
    """One number of each point: its element type in the message, and its place in bytes."""

    name: str
    dtype: np.dtype
    offset: int


class CloudConverter(Converter):
    """Points as (n, fields), or (height, width, fields) if a cloud is organised.

    ``drop`` leaves out points with a number that is not finite, and what is left has no rows.
    """

    invalid = ("keep", "zero", "drop", "refuse")
    has_fields = True

    def reader(self, options: Options, wanted: Collection[str]
               ) -> Callable[[Any], dict[str, Any]]:
        """Return what reads points, and colours where they are wanted."""
        def read(cloud: Any) -> dict[str, Any]:
            data = _bytes_of(cloud)
            found = {}
            points = None
            if "points" in wanted or options.invalid == "drop":
                points = found["points"] = _numbers(cloud, data, columns_of(cloud, options.fields))
            if "colors" in wanted:
                found["colors"] = _colours(cloud, data)
            if not (options.organised and cloud.height > 1):
                found = {name: each.reshape(-1, each.shape[-1]) for name, each in found.items()}
            if points is not None and options.invalid != "keep" and points.dtype.kind == "f":
                found = _valid(found, options.invalid)
            return {name: found[name] for name in wanted}
        return read

    def writer(self, options: Options, given: Collection[str]) -> Callable[[Any, Values], None]:
        """Return what makes a cloud of points (n, fields) or (height, width, fields).

        The fields have the points' own element type; colours become a field ``rgb``.
        """
        def write(cloud: Any, values: Values) -> None:
            _write(cloud, options.fields, values["points"], values.get("colors"))
        return write


def columns_of(cloud: Any, names: Sequence[str]) -> list[Column]:
    """Return the columns of the fields ``names``, (): of all; a field of several has several.

    Raises ValueError, with the fields that the cloud has, for one that it has not.
    """
    fields = {field.name: field for field in cloud.fields}
    missing = [name for name in names if name not in fields]
    if missing:
        raise ValueError(f"no field {', '.join(missing)}; the cloud has "
                         f"{', '.join(fields) or 'none'}")
    columns = []
    for name in names or fields:
        field = fields[name]
        if field.datatype not in _DTYPES:
            raise ValueError(f"field {name} has the datatype {field.datatype}; expected 1 to 8")
        dtype = np.dtype(_DTYPES[field.datatype]).newbyteorder(">" if cloud.is_bigendian else "<")
        count = max(1, field.count)  # some publishers leave it 0
        if field.offset + count * dtype.itemsize > cloud.point_step:
            raise ValueError(f"field {name} is outside of its point of {cloud.point_step} bytes")
        columns += [Column(name, dtype, field.offset + number * dtype.itemsize)
                    for number in range(count)]
    return columns


def _bytes_of(cloud: Any) -> np.ndarray:
    """Return a cloud's bytes; ValueError if there are fewer than it says."""
    data = np.frombuffer(cloud.data, np.uint8)
    row = cloud.width * cloud.point_step
    needed = _row_step(cloud) * (cloud.height - 1) + row if cloud.height else 0
    if data.size < needed:
        raise ValueError(f"a cloud of {cloud.height}×{cloud.width} points of {cloud.point_step} "
                         f"bytes needs {needed} bytes, found {data.size}")
    return data


def _row_step(cloud: Any) -> int:
    """Return how many bytes apart rows begin; of a single row many messages do not say it."""
    row: int = cloud.width * cloud.point_step
    return max(row, cloud.row_step) if cloud.height > 1 else row


def _view(cloud: Any, data: np.ndarray, dtype: np.dtype, offset: int, count: int) -> np.ndarray:
    """Return ``count`` numbers of each point, (height, width, count): a view."""
    shape = (cloud.height, cloud.width, count)
    if not cloud.height * cloud.width * count:
        return np.empty(shape, dtype)
    steps = (_row_step(cloud), cloud.point_step, dtype.itemsize)
    view: np.ndarray = np.ndarray(shape, dtype, data, offset, steps)
    return view


def _numbers(cloud: Any, data: np.ndarray, columns: Sequence[Column]) -> np.ndarray:
    """Return columns as (height, width, columns), of the element type that holds them all.

    It is a view of the message where the numbers lie side by side as they are wanted.
    """
    if not columns:
        raise ValueError("the cloud has no fields")
    first = columns[0]
    size = first.dtype.itemsize
    if all(each.dtype == first.dtype and each.offset == first.offset + place * size
           for place, each in enumerate(columns)):
        block = _view(cloud, data, first.dtype, first.offset, len(columns))
        if any(step % size for step in block.strides):  # of which torch makes no tensor
            block = np.ascontiguousarray(_pieces(block)).view(first.dtype).reshape(block.shape)
        return block if first.dtype.isnative else block.astype(first.dtype.newbyteorder("="))
    numbers = np.empty((cloud.height, cloud.width, len(columns)),
                       np.result_type(*(each.dtype.newbyteorder("=") for each in columns)))
    # One after the other: numpy is quickest with a long innermost loop.
    for place, each in enumerate(columns):
        numbers[..., place] = _view(cloud, data, each.dtype, each.offset, 1)[..., 0]
    return numbers


def _colours(cloud: Any, data: np.ndarray) -> np.ndarray:
    """Return red, green and blue, (height, width, 3)."""
    field = next((each for each in cloud.fields if each.name in _COLOURS), None)
    if field is None:
        raise ValueError(f"no field rgb or rgba; the cloud has "
                         f"{', '.join(each.name for each in cloud.fields) or 'none'}")
    if field.offset + 4 > cloud.point_step:
        raise ValueError(f"field {field.name} is outside of its point")
    packed = _view(cloud, data, np.dtype(np.uint8), field.offset, 4)
    colours: np.ndarray = (packed[..., 1:] if cloud.is_bigendian else packed[..., 2::-1]).copy()
    return colours


def _valid(found: dict[str, np.ndarray], invalid: str) -> dict[str, np.ndarray]:
    points = found["points"]
    if invalid != "drop":
        return {**found, "points": without_invalid(points, np.isfinite(points), "points' numbers",
                                                   invalid)}
    finite = np.isfinite(points[..., 0])
    for place in range(1, points.shape[-1]):
        finite &= np.isfinite(points[..., place])
    return {name: _rows(each, finite) for name, each in found.items()}


def _rows(numbers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the chosen points, (n, fields)."""
    width = numbers.shape[-1]
    if chosen.all():
        return numbers.reshape(-1, width)
    rows: np.ndarray = _pieces(numbers)[chosen].view(numbers.dtype).reshape(-1, width)
    return rows


def _pieces(numbers: np.ndarray) -> np.ndarray:
    """Return points as (height, width), each a piece of memory that moves as a whole."""
    pieces: np.ndarray = numbers.view(f"V{numbers.shape[-1] * numbers.itemsize}")[..., 0]
    return pieces


def _write(cloud: Any, names: Sequence[str], points: np.ndarray, colors: np.ndarray | None
           ) -> None:
    if points.ndim not in (2, 3) or points.shape[-1] != len(names):
        raise ValueError(f"points: expected (n, {len(names)}) or (height, width, {len(names)}) "
                         f"for {', '.join(names)}, found {points.shape}")
    if points.dtype not in _DATATYPES:
        raise ValueError(f"points: no field of a cloud holds {points.dtype}")
    rows = points if points.ndim == 3 else points[None]
    height, width, _ = rows.shape
    size = points.dtype.itemsize
    step = len(names) * size + (0 if colors is None else 4)
    packed = np.empty((height, width, step), np.uint8)
    packed[..., :len(names) * size] = np.ascontiguousarray(
        rows, rows.dtype.newbyteorder("<")).view(np.uint8)
    kinds = [(name, _DATATYPES[points.dtype], place * size) for place, name in enumerate(names)]
    if colors is not None:
        packed[..., -4:] = _packed_colours(colors, (height, width))
        kinds.append(("rgb", _FLOAT32, len(names) * size))
    point_field: Any = message_class("sensor_msgs/msg/PointField")
    cloud.fields = [point_field(name=name, datatype=datatype, offset=offset, count=1)
                    for name, datatype, offset in kinds]
    cloud.height, cloud.width, cloud.is_bigendian = height, width, False
    cloud.point_step, cloud.row_step = step, width * step
    cloud.data = array.array("B", packed.tobytes())
    cloud.is_dense = bool(points.dtype.kind != "f" or np.isfinite(points).all())


def _packed_colours(colors: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    if colors.dtype != np.uint8 or colors.size != shape[0] * shape[1] * 3:
        raise ValueError(f"colors: expected uint8 red, green and blue of {shape[0] * shape[1]} "
                         f"points, found {colors.dtype} {colors.shape}")
    packed = np.zeros((*shape, 4), np.uint8)
    packed[..., :3] = colors.reshape(*shape, 3)[..., ::-1]
    return packed
