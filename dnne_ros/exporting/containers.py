"""Containers of an exported package: two images, and a service for each of its processes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from dnne_ros.exporting.dependencies import is_ros_package
from dnne_ros.exporting.rendering import render

FOLDER = "containers"
_ALWAYS = {"rclpy", "rcl_interfaces", "std_msgs"}
_NOT_WANTED = {"launch", "launch_ros"}
"""Compose starts the processes."""
_DISTRIBUTIONS = {"PIL": "pillow", "cv2": "opencv-python-headless",
                  "rclpy": "ros-rclpy[fastrtps]>=7.1,<10", "sklearn": "scikit-learn",
                  "yaml": "PyYAML"}
"""What pip installs for a module, other than its name, or ``ros-`` and that of a ROS package."""
_CHECKPOINT = "checkpoint"
_STOP_SECONDS = 60
"""Longer than saving may take."""


def container_files(package: str, processes: Mapping[str, str], modules: Iterable[str],
                    pip_names: Iterable[str], *, learns: bool, needs_policy: bool
                    ) -> dict[str, str]:
    """Return the text of each file by its path.

    ``processes``: the host of each, "" where the placement has none.  ``modules`` are those that
    the package needs; ``pip_names``: what rosdep does not know.  ``learns``: it saves checkpoints;
    ``needs_policy``: it runs with one alone.
    """
    names = tuple(processes)
    about: dict[str, Any] = {
        "package": package, "processes": names, "learns": learns, "needs_policy": needs_policy,
        "hosts": tuple(dict.fromkeys(filter(None, processes.values()))),
        "pip_names": tuple(pip_names),
        "command": json.dumps(_words(package, names[0], learns, needs_policy))}
    return {
        f"{FOLDER}/Containerfile.slim": render("Containerfile.slim.j2", **about),
        f"{FOLDER}/Containerfile.ros": render("Containerfile.ros.j2", **about),
        f"{FOLDER}/requirements.txt": "".join(
            f"{line}\n" for line in requirements(modules)),
        f"{FOLDER}/compose.yaml": render("compose.yaml.j2", **about, content=yaml.dump(
            _compose(package, processes, learns, needs_policy), Dumper=_Plain, sort_keys=False)),
        f"{FOLDER}/README.md": render("containers.md.j2", **about),
    }


def requirements(modules: Iterable[str]) -> list[str]:
    """Return what pip must install where there is no ROS 2."""
    wanted = {*modules, *_ALWAYS} - _NOT_WANTED
    return sorted((_DISTRIBUTIONS.get(
        name, f"ros-{name.replace('_', '-')}" if is_ros_package(name) else name)
        for name in wanted), key=str.lower)


class _Plain(yaml.SafeDumper):
    """Writes what several services have in common for each of them: people edit it."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say that nothing is written as a reference."""
        return True


def _words(package: str, process: str, learns: bool, needs_policy: bool) -> list[str]:
    """Return the arguments of the host."""
    words = ["--process", process]
    if learns:
        words.append(f"--save-checkpoint-dir={_CHECKPOINT}")
    if needs_policy:
        words += ["--inference", f"--load-checkpoint-dir={_CHECKPOINT}"]
    return [*words, "--ros-args", "--params-file", f"config/{package}.params.yaml"]


def _compose(package: str, processes: Mapping[str, str], learns: bool, needs_policy: bool
             ) -> dict[str, Any]:
    """Return the compose file's content; compose itself replaces what has a dollar sign.

    Where there are hosts, each is a profile: a service is started if its host is asked for.
    """
    reach = "SUBNET" if any(processes.values()) else "LOCALHOST"
    environment = {"ROS_DOMAIN_ID": "${ROS_DOMAIN_ID:-0}",
                   "ROS_AUTOMATIC_DISCOVERY_RANGE": f"${{ROS_AUTOMATIC_DISCOVERY_RANGE:-{reach}}}"}
    if len(processes) > 1:
        environment["DNNE_ROS_RUN_KEY"] = \
            "${DNNE_ROS_RUN_KEY:?a secret of this run, such as `openssl rand -hex 32` prints}"
    service: dict[str, Any] = {
        "image": f"{package}:${{IMAGE:-slim}}",
        "build": {"context": "..", "dockerfile": f"{FOLDER}/Containerfile.${{IMAGE:-slim}}"},
        # A robot's other nodes, and the other processes, are found as if there were no container.
        "network_mode": "host",
        "environment": environment,
        # A process of several that begins alone would meet others that are not at its beginning.
        "restart": "on-failure" if len(processes) == 1 else "no",
        "stop_grace_period": f"{_STOP_SECONDS}s",
        "read_only": True,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }
    if needs_policy:
        service["volumes"] = [f"${{CHECKPOINT:?the folder of the checkpoint}}:/graph/"
                              f"{_CHECKPOINT}:ro"]
    elif learns:
        service["volumes"] = [f"{_CHECKPOINT}:/graph/{_CHECKPOINT}"]
    content: dict[str, Any] = {
        "name": package,
        "services": {process: {
            **({"profiles": [host]} if host else {}), **service,
            "command": _words(package, process, learns, needs_policy)}
            for process, host in processes.items()}}
    if learns and not needs_policy:
        content["volumes"] = {_CHECKPOINT: {}}
    return content
