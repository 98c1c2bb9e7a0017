"""A ROS namespace for each run of a case, so that none hears another."""

from __future__ import annotations

from pathlib import Path


def namespace_of(folder: Path) -> str:
    """Return the namespace of the run that has the temporary ``folder`` to itself.

    Names of temporary folders may have two underscores in a row, which ROS does not take.
    """
    return f"/{folder.name.replace('_', '')}"
