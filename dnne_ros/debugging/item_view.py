"""An item as a person looks at it: shape, range, histogram, picture; as JSON values."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from dnne_ros.debugging.numbers import array_of, dtype_of, is_array, parts_of
from dnne_ros.errors import describe, printable

_BINS = 32
_FIRST_VALUES = 16
_LONGEST_TEXT = 2000
_LARGEST_SIDE = 160
_DEEPEST = 3
_MOST_PARTS = 24
_SMALLEST_SIDE = 8


def view(value: Any, depth: int = 0) -> dict[str, Any]:
    """Return what there is to be seen of a value; never raises, whatever it is.

    ``kind``; of arrays ``shape``, ``dtype``, ``size``, ``min``, ``max``, ``mean``, ``std``,
    ``nan``, ``inf`` (how many), ``histogram`` (``low``, ``high``, ``counts``), ``values`` (the
    first ones) and of pictures ``picture`` (``width``, ``height``, ``rgb`` in base64); of others
    ``text`` or ``parts`` by name.  Numbers that are not finite are texts.
    """
    try:
        with np.errstate(all="ignore"):
            return _view(value, depth)
    except Exception as error:  # a value of somebody's own type, which may do anything
        return {"kind": type(value).__name__, "text": f"cannot be shown: {describe(error)}"}


def _view(value: Any, depth: int) -> dict[str, Any]:
    seen: dict[str, Any] = {"kind": type(value).__name__}
    array = array_of(value)
    if array is not None:
        seen |= {"dtype": dtype_of(value), "shape": [int(each) for each in np.shape(array)]}
        if is_array(value) and str(getattr(value, "device", "cpu")) != "cpu":
            seen["device"] = str(value.device)
        return seen | _numbers(array)
    parts = parts_of(value)
    if parts and depth < _DEEPEST:
        names = list(parts)[:_MOST_PARTS]
        seen["parts"] = {printable(name): view(parts[name], depth + 1) for name in names}
        if len(parts) > len(names):
            seen["text"] = f"and {len(parts) - len(names)} more"
        return seen
    text = value if isinstance(value, str) else repr(value)
    seen["text"] = printable(text[:_LONGEST_TEXT]) + (" …" if len(text) > _LONGEST_TEXT else "")
    return seen


def _numbers(array: np.ndarray) -> dict[str, Any]:
    flat = array.reshape(-1)
    if flat.dtype.kind == "c":
        flat = np.abs(flat)
    seen: dict[str, Any] = {"size": int(flat.size),
                            "values": [_number(each) for each in flat[:_FIRST_VALUES].tolist()]}
    if not flat.size:
        return seen
    finite = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    seen["nan"] = int(np.isnan(flat).sum()) if flat.dtype.kind == "f" else 0
    seen["inf"] = int(flat.size - finite.size - seen["nan"])
    if finite.size:
        wide = finite.astype(np.float64)
        low, high = float(wide.min()), float(wide.max())
        seen |= {"min": low, "max": high, "mean": _number(float(wide.mean())),
                 "std": _number(float(wide.std()))}
        if low < high and np.isfinite(high - low):
            counts, _ = np.histogram(wide, bins=_BINS, range=(low, high))
            seen["histogram"] = {"low": low, "high": high, "counts": counts.tolist()}
    picture = _picture(array)
    return seen if picture is None else {**seen, "picture": picture}


def _number(value: Any) -> Any:
    """Return a number as JSON has it; one that is not finite is its name."""
    return value if np.isfinite(value) else str(float(value))


def _picture(array: np.ndarray) -> dict[str, Any] | None:
    """Return what looks like a picture as one; of several in a batch, the first.

    That is (height, width, 1, 3 or 4), also with channels first, or bytes of (height, width).
    """
    while array.ndim > 3 and array.shape[0]:
        array = array[0]
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, -1)
    is_image = (array.ndim == 3 and array.shape[2] in (1, 3, 4)) or (
        array.ndim == 2 and array.dtype == np.uint8)
    if not is_image or min(array.shape[:2]) < _SMALLEST_SIDE:
        return None
    step = -(-max(array.shape[:2]) // _LARGEST_SIDE)
    array = array[::step, ::step]
    rgb = array[:, :, None] if array.ndim == 2 else array
    rgb = rgb[:, :, :3] if rgb.shape[2] > 1 else np.repeat(rgb, 3, axis=2)
    if rgb.dtype != np.uint8:
        finite = np.where(np.isfinite(rgb), rgb, 0).astype(np.float64)
        low, high = min(0.0, float(finite.min())), max(1.0, float(finite.max()))
        rgb = ((finite - low) * (255 / (high - low))).astype(np.uint8)
    return {"width": int(rgb.shape[1]), "height": int(rgb.shape[0]),
            "rgb": base64.b64encode(np.ascontiguousarray(rgb).tobytes()).decode()}
