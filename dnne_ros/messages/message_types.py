"""Which message, service and action types are installed, and their Python classes."""

from __future__ import annotations

import difflib
import importlib
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

_NAME = re.compile(r"([a-z][a-z0-9_]*)/(?:(msg|srv|action)/)?([A-Z][A-Za-z0-9]*)")
_TYPE_SUPPORT = "{}_s__rosidl_typesupport_*"
_KINDS = {"msg": ("message", "sensor_msgs/msg/JointState"),
          "srv": ("service", "std_srvs/srv/SetBool"),
          "action": ("action", "control_msgs/action/FollowJointTrajectory")}


def message_class(message_type: str) -> type:
    """Return the Python class of ``package/msg/Name``; ``package/Name`` is understood too.

    Only what the ROS message generator made is imported: a name out of a file must not run
    modules that are no messages.  Raises ValueError if there is no such type, naming those that
    are most like it, and how to install the package.
    """
    return _interface(message_type, "msg")


def service_class(service_type: str) -> type:
    """Return the Python class of ``package/srv/Name``, with ``Request`` and ``Response``.

    ``package/Name`` is understood too; ValueError as of `message_class`.
    """
    return _interface(service_type, "srv")


def action_class(action_type: str) -> type:
    """Return the Python class of ``package/action/Name``, with ``Goal``, ``Result``, ``Feedback``.

    ``package/Name`` is understood too; ValueError as of `message_class`.
    """
    return _interface(action_type, "action")


def is_installed(interface: str) -> bool:
    """Tell whether a message or service type, ``package/srv/Name``, is here."""
    try:
        _interface(interface, interface.split("/")[1])
    except ValueError:
        return False
    return True


def type_name(message_class: type) -> str:
    """Return ``sensor_msgs/msg/JointState`` for its class.

    Of a service's request, ``std_srvs/srv/SetBool_Request``; of an action's goal,
    ``control_msgs/action/PointHead_Goal``.
    """
    package, kind, *_ = message_class.__module__.split(".")
    return f"{package}/{kind}/{message_class.__name__}"


def how_to_install(package: str) -> str:
    """Say how a package of messages, services or actions gets here."""
    distribution = os.environ.get("ROS_DISTRO") or "<distro>"
    return (f"To install it: apt install ros-{distribution}-{package.replace('_', '-')}; or, with "
            f"its source in a workspace, colcon build --packages-up-to {package} and source "
            "install/setup.bash")


def class_named(name: str) -> type:
    """Return the class of which `type_name` is ``name``: a message, or part of another type."""
    whole, _, part = name.rpartition("_")
    if "/srv/" in name:
        found: type = getattr(service_class(whole), part)
    elif "/action/" in name:
        found = getattr(action_class(whole), part)
    else:
        found = message_class(name)
    return found


@cache
def _interface(text: str, kind: str) -> type:
    noun, example = _KINDS[kind]
    match = _NAME.fullmatch(text)
    if match is None or match[2] not in (None, kind):
        article = "an" if noun == "action" else "a"
        raise ValueError(f"expected {article} {noun} type such as {example}, found {text!r:.80}")
    package, _, name = match.groups()
    if not any(_holds(Path(folder), package, kind) for folder in _folders(package)):
        raise ValueError(f"{noun} type {text}: the package {package} is not installed; {noun} "
                         f"packages here: {', '.join(sorted(set(_packages(kind)))) or 'none'}. "
                         f"{how_to_install(package)}")
    try:
        module = importlib.import_module(f"{package}.{kind}")
    except ImportError as error:
        raise ValueError(f"{noun} type {text} cannot be imported: {error}. "
                         f"{how_to_install(package)}") from None
    if not hasattr(module, name):
        known = [known for known in dir(module) if _NAME.fullmatch(f"{package}/{known}")]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
        raise ValueError(f"{noun} type {text} is not installed; {package} has {', '.join(near)}")
    found: type = getattr(module, name)
    return found


def _folders(package: str) -> list[str]:
    spec = PathFinder.find_spec(package)  # finds without running anything
    return list(spec.submodule_search_locations or ()) if spec else []


def _holds(folder: Path, package: str, kind: str) -> bool:
    return ((folder / kind / "__init__.py").is_file()
            and any(folder.glob(_TYPE_SUPPORT.format(package))))


def _packages(kind: str) -> Iterator[str]:
    for entry in sys.path:
        if Path(entry).is_dir():
            yield from (child.name for child in Path(entry).iterdir()
                        if _holds(child, child.name, kind))
