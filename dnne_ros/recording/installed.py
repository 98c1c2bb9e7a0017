"""Whether what recordings are written and read with is there."""

from __future__ import annotations

from importlib.util import find_spec

from dnne_ros.errors import InputError

_WITH = ("mcap", "zstandard")
_BAGS = ("rosbags",)


def check_recording(what: str, *, bags: bool = False) -> None:
    """Raise `InputError` about ``what`` if recordings cannot be written or read here.

    ``bags``: nor can those of other programs.
    """
    missing = [name for name in (*_WITH, *(_BAGS if bags else ())) if find_spec(name) is None]
    if missing:
        raise InputError(what, [f"{', '.join(missing)} is not installed: pip install "
                                "'dnne_ros[record]'"])
