"""Files that a node reads and an exported package brings along.

A widget that is declared with ``carried=True`` names a file or folder.  An exported package has a
copy of it, and its value is then ``package://NAME/place``: below the folder of the Python package
``NAME``, wherever that is installed.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path, PurePosixPath

SCHEME = "package://"


def carried_path(text: str) -> Path:
    """Return the place that a widget names; ValueError for one that leads out of its package."""
    if not text.startswith(SCHEME):
        return Path(text).expanduser()
    package, _, place = text.removeprefix(SCHEME).partition("/")
    inside = PurePosixPath(place)
    try:
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
    except ValueError:
        spec = None
    if spec is None or spec.origin is None or not place or inside.is_absolute() \
            or ".." in inside.parts:
        raise ValueError(f"expected {SCHEME}PACKAGE/PLACE with an installed Python package, found "
                         f"{text!r:.80}")
    return Path(spec.origin).parent / inside
