"""Which message types are installed, and their Python classes."""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

_NAME = re.compile(r"([a-z][a-z0-9_]*)/(?:msg/)?([A-Z][A-Za-z0-9]*)")
_TYPE_SUPPORT = "{}_s__rosidl_typesupport_*"


@cache
def message_class(message_type: str) -> type:
    """Return the Python class of ``package/msg/Name``; ``package/Name`` is understood too.

    Only what the ROS message generator made is imported: a name out of a file must not run
    modules that are no messages.  Raises ValueError if there is no such type, naming those that
    are most like it.
    """
    match = _NAME.fullmatch(message_type)
    if match is None:
        raise ValueError("expected a message type such as sensor_msgs/msg/JointState, found "
                         f"{message_type!r:.80}")
    package, name = match.groups()
    if not any(_holds_messages(Path(folder), package) for folder in _folders(package)):
        raise ValueError(f"message type {message_type}: the package {package} is not installed; "
                         f"message packages here: {', '.join(sorted(set(_packages())))}")
    module = importlib.import_module(f"{package}.msg")
    if not hasattr(module, name):
        known = [known for known in dir(module) if _NAME.fullmatch(f"{package}/{known}")]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
        raise ValueError(f"message type {message_type} is not installed; {package} has "
                         f"{', '.join(near)}")
    found: type = getattr(module, name)
    return found


def type_name(message_class: type) -> str:
    """Return ``sensor_msgs/msg/JointState`` for its class."""
    return f"{message_class.__module__.split('.')[0]}/msg/{message_class.__name__}"


def _folders(package: str) -> list[str]:
    spec = PathFinder.find_spec(package)  # finds without running anything
    return list(spec.submodule_search_locations or ()) if spec else []


def _holds_messages(folder: Path, package: str) -> bool:
    return ((folder / "msg" / "__init__.py").is_file()
            and any(folder.glob(_TYPE_SUPPORT.format(package))))


def _packages() -> Iterator[str]:
    for entry in sys.path:
        if Path(entry).is_dir():
            yield from (child.name for child in Path(entry).iterdir()
                        if _holds_messages(child, child.name))
