"""What a benchmark ran on: ratios carry over to other machines, absolute figures do not."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("ros-rclpy", "ros-rmw-fastrtps-cpp", "numpy", "torch", "mujoco", "gymnasium",
             "dora-rs", "dbos", "huey", "procrastinate", "onnxruntime", "rsl-rl-lib",
             "stable-baselines3")


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, Python, versions of packages and the load before the run."""
    return {
        "processor": _processor(), "cores": os.cpu_count(), "system": platform.platform(),
        "python": platform.python_version(), "load_before": round(os.getloadavg()[0], 2),
        "ros_distro": os.environ.get("ROS_DISTRO", ""),
        "packages": {name: version for name in _PACKAGES
                     if (version := _version(name)) is not None}}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
