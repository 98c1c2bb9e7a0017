"""What a package must have installed: imports as the names that package.xml uses."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Set

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.transport.codecs import codec_for

_ROS_PACKAGES = ("rclpy", "rcl_interfaces", "ament_index_python", "std_msgs", "sensor_msgs",
                 "geometry_msgs", "diagnostic_msgs", "tf2_py", "launch")
_KEYS = {
    "cv2": "python3-opencv", "mujoco": "python3-mujoco-pip",
    "onnxruntime": "python3-onnxruntime-pip", "PIL": "python3-pil",
    "sklearn": "python3-sklearn", "sounddevice": "python3-sounddevice-pip",
    "yaml": "python3-yaml",
}
"""rosdep keys of modules for which it is not ``python3-<module>``."""
_KEYLESS = {"onnx", "safetensors", "tenacity"}
"""Modules that rosdep knows no key for; pip has them under their names."""
CHOSEN_LATER = {
    "av", "envpool", "gymnasium", "hydra", "isaacgym", "isaacgymenvs", "isaaclab",
    "isaaclab_tasks", "mcap", "mjlab", "mujoco_warp", "opentelemetry", "pooch",
    "prometheus_client", "rosbags", "tf2_py", "warp", "zstandard"}
"""Modules of simulators that a widget may choose, of films, downloads, recordings, metrics and
spans, and of frames that a node may ask for: not needed for being in the source.  Where one is
missing, the run says how to get it."""
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def required_modules(graph: Graph, problems: Problems) -> set[str]:
    """Return the top-level modules that node types say they need."""
    modules: set[str] = set()
    for node in graph.nodes.values():
        try:
            names = list(node.type.required_imports())
            wrong = [name for name in names
                     if not (isinstance(name, str) and _MODULE.fullmatch(name))]
            if wrong:
                raise TypeError(f"expected names of modules, found {wrong!r:.80}")
        except Exception as error:
            problems.add(f"required_imports(): {type(error).__name__}: {error}", node=node.id,
                         type=node.type.type_name, title=node.title)
            continue
        modules.update(name.partition(".")[0] for name in names)
    return modules - set(sys.stdlib_module_names)


def imported_modules(graph: Graph, foreign: Set[str]) -> set[str]:
    """Return those of ``foreign``, which the source imports somewhere, that are needed to run.

    A graph has torch or, if none of its nodes needs that, does with onnxruntime.
    """
    without_torch = all(node.type.runs_without_torch(node.values)
                        for node in graph.nodes.values())
    spared = {"torch"} if without_torch else {"onnx", "onnxruntime"}
    return set(foreign - CHOSEN_LATER - spared)


def message_packages(graph: Graph) -> set[str]:
    """Return the packages of the messages on the graph's topics, its services and actions."""
    types = [*graph.output_types.values(),
             *(graph.nodes[ref.node].type.inputs[ref.port].type for ref in graph.external)]
    messages = [codec_for(type.wire).message for type in types if type.wire is not None]
    for node in graph.nodes.values():
        messages += node.type.message_types(node.values)
        messages += [use.type for use in node.type.ros_services(node.values)]
        messages += [use.type for use in node.type.ros_actions(node.values)]
    packages = {message.partition("/")[0] for message in messages}
    # Who hears transforms keeps them in tf2's buffer.
    return packages | ({"tf2_py"} if "tf2_msgs" in packages else set())


def dependency_keys(modules: Iterable[str], packages: Iterable[str]) -> list[str]:
    """Return the ``exec_depend`` entries for ``modules`` and ROS ``packages``, in order."""
    keys = {"rclpy", "rcl_interfaces", "std_msgs", "launch", "launch_ros", *packages}
    for module in set(modules) - _KEYLESS:
        default = module if is_ros_package(module) \
            else f"python3-{module.lower().replace('_', '-')}"
        keys.add(_KEYS.get(module, default))
    return sorted(keys)


def is_ros_package(module: str) -> bool:
    """Tell whether a top-level module is that of a ROS package."""
    return module in _ROS_PACKAGES or module.endswith(("_msgs", "_interfaces", "_ros"))


def pip_names(modules: Iterable[str]) -> list[str]:
    """Return what pip must install for those ``modules`` that rosdep does not know, in order."""
    return sorted(_KEYLESS.intersection(modules))
