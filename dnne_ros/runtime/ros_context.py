"""Starts rclpy, also where rcl could not write its log files and would refuse."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import rclpy
from rclpy.signals import SignalHandlerOptions

from dnne_ros.errors import InputError
from dnne_ros.security.environment import why_not_secure

_WITHOUT_LOG_FILES = ("--ros-args", "--disable-external-lib-logs")
"""What is logged goes to the terminal and /rosout all the same."""
_GENERATOR = "rosidl_generator_py.generate_py_impl"


def start_ros(ros_args: Sequence[str]) -> rclpy.Context:
    """Return a context that is initialised with ``ros_args``; `InputError` if rcl refuses them."""
    _spare_generator()
    context = rclpy.Context()
    extra = _WITHOUT_LOG_FILES if why_no_log_files() else ()
    try:
        rclpy.init(args=[*ros_args, *extra], context=context,
                   signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # of several modules, in the words of rcl
        raise InputError("--ros-args", [" ".join(str(error).split())]) from None
    return context


def _spare_generator() -> None:
    """Import what messages need of ROS' generator of their classes, without the generator.

    Its package has it where lark can be imported, and else does without: it and its parser of
    interface files are 3 MB, and a tenth of a robot's start.
    """
    if "rosidl_generator_py" in sys.modules or _GENERATOR in sys.modules:
        return
    sys.modules[_GENERATOR] = None  # type: ignore[assignment]  # as where it is not installed
    try:
        importlib.import_module("rosidl_generator_py")
    finally:
        del sys.modules[_GENERATOR]


@contextmanager
def missing_security_told() -> Iterator[None]:
    """Raise `InputError` if the first node cannot be made as DDS has no security.

    Only then does DDS look for it.
    """
    with warnings.catch_warnings():
        # rcl's word about what it made before it failed.
        warnings.filterwarnings("ignore", "Failed to fini rosout publisher", RuntimeWarning)
        try:
            yield
        except RuntimeError as error:  # RCLError is one
            if reason := why_not_secure(error):
                raise InputError("environment", [reason]) from None
            raise


def why_no_log_files(environment: Mapping[str, str] = os.environ) -> str:
    """Return why rcl cannot write log files, or nothing if it can."""
    directory = _log_directory(environment)
    if directory is None:
        return "HOME is not set"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"{directory}: {error.strerror}"
    return "" if os.access(directory, os.W_OK | os.X_OK) else f"{directory} cannot be written"


def _log_directory(environment: Mapping[str, str]) -> Path | None:
    """Return ``ROS_LOG_DIR``, ``ROS_HOME``/log or ``~/.ros/log``, as rcl does; or None."""
    home = environment.get("HOME", "")
    for text, rest in ((environment.get("ROS_LOG_DIR", ""), ""),
                       (environment.get("ROS_HOME", ""), "log"), (home, ".ros/log")):
        if text:
            if text.startswith("~"):
                text = home and home + text[1:]
            return Path(text) / rest if text else None
    return None
