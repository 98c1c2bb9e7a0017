"""Names of the package, its modules and its classes."""

from __future__ import annotations

import builtins
import keyword
import re
import sys

_LEGAL = re.compile(r"[a-z](?:_?[a-z0-9])+")
_LONGEST = 100
_TAKEN = frozenset({
    "ament_index_python", "dnne_ros", "graph", "host", "launch", "launch_ros", "mujoco", "nodes",
    "numpy", "pip", "pytest", "rclpy", "rcl_interfaces", "rosidl_runtime_py", "safetensors",
    "setup", "setuptools", "test", "torch", "wheel", "yaml",
})
"""Names that would hide a package that the exported one imports, or one of its own folders."""


def package_name_problem(name: str) -> str:
    """Say what is wrong with a package's name, '' if nothing."""
    if not _LEGAL.fullmatch(name) or len(name) > _LONGEST:
        return (f"package name {name!r:.120}: expected 2 to {_LONGEST} lower-case letters, digits "
                "and single underscores, starting with a letter")
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        return f"package name {name!r}: it means something else in Python; choose another"
    if name in _TAKEN or name.endswith(("_msgs", "_interfaces")):
        return f"package name {name!r}: it is taken by another package; choose another"
    return ""


def default_package_name(namespace: str) -> str:
    """Return the package name for a graph's namespace."""
    return f"{namespace}_graph" if package_name_problem(namespace) else namespace


def module_name(ros_name: str) -> str:
    """Return the name of a node's module: its ROS name, unless Python reserves that."""
    return f"{ros_name}_" if keyword.iskeyword(ros_name) else ros_name


def class_name(ros_name: str, base: str) -> str:
    """Return the name of a node's class, ``ppo_agent_3`` → ``PpoAgent3``, other than ``base``."""
    name = "".join(word.capitalize() for word in ros_name.split("_"))
    if name == base or keyword.iskeyword(name) or hasattr(builtins, name):
        return f"{name}Instance"
    return name
