"""The manifest is what REP 149 asks for, and rosdep can resolve what it names."""

import ast
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from dnne_ros.exporting.dependencies import CHOSEN_LATER, dependency_keys, pip_names

ON_UBUNTU = {
    "pydocstyle": "pydocstyle",
    "python3-aiohttp": "python3-aiohttp",
    "python3-build": "python3-build",
    "python3-colcon-common-extensions": "python3-colcon-common-extensions",
    "python3-cryptography": "python3-cryptography",
    "python3-flake8": "python3-flake8",
    "python3-gymnasium-pip": "pip: gymnasium",
    "python3-hypothesis": "python3-hypothesis",
    "python3-jinja2": "python3-jinja2",
    "python3-matplotlib": "python3-matplotlib",
    "python3-mujoco-pip": "pip: mujoco",
    "python3-myst-parser-pip": "pip: myst-parser",
    "python3-numpy": "python3-numpy",
    "python3-onnxruntime-pip": "pip: onnxruntime",
    "python3-opencv": "python3-opencv",
    "python3-pil": "python3-pil",
    "python3-psutil": "python3-psutil",
    "python3-pytest": "python3-pytest",
    "python3-pytest-timeout": "python3-pytest-timeout",
    "python3-rich": "python3-rich",
    "python3-sklearn": "python3-sklearn",
    "python3-sounddevice-pip": "pip: sounddevice",
    "python3-sphinx": "python3-sphinx",
    "python3-sphinx-rtd-theme": "python3-sphinx-rtd-theme",
    "python3-torch": "python3-torch",
    "python3-yaml": "python3-yaml",
}
"""rosdep keys, and the packages that they are on Ubuntu 24.04.

From rosdep/python.yaml of github.com/ros/rosdistro at 8468e88 (2026-08-22).
"""
ROS_PACKAGES = {
    "action_msgs", "ament_index_python", "diagnostic_msgs", "geometry_msgs", "launch",
    "launch_ros", "nav_msgs", "rcl_interfaces", "rclpy", "ros2launch", "rosgraph_msgs",
    "sensor_msgs", "std_msgs", "test_msgs", "tf2_msgs", "tf2_py"}
"""Released packages: jazzy/distribution.yaml and kilted/distribution.yaml of the same commit."""

DEPENDENCIES = (
    "build_depend", "build_export_depend", "buildtool_depend", "buildtool_export_depend",
    "exec_depend", "depend", "doc_depend", "test_depend", "conflict", "replace")
# The order of the elements in package_format3.xsd; dependencies may be mixed.
ORDER = {name: place for place, names in enumerate((
    ("name",), ("version",), ("description",), ("maintainer",), ("license",), ("url",),
    ("author",), DEPENDENCIES, ("group_depend",), ("member_of_group",), ("export",)))
    for name in names}
# What setup.py requires, and rosdep has no key for.
KEYLESS = {"safetensors", "setuptools"}


@pytest.fixture
def manifest(repository):
    """Return the root element of package.xml."""
    return ElementTree.parse(repository / "package.xml").getroot()


def test_the_manifest_is_valid_in_format_3(repository):
    catkin_package = pytest.importorskip("catkin_pkg.package", reason="needs catkin_pkg")
    warnings = []
    package = catkin_package.parse_package(repository, warnings=warnings)
    assert (package.package_format, package.get_build_type(), warnings) == (3, "ament_python", [])
    assert (repository / package.licenses[0].file).is_file()


def test_its_elements_are_in_the_order_of_the_schema(manifest):
    places = [ORDER[element.tag] for element in manifest]
    assert places == sorted(places)


def test_rosdep_knows_its_keys(manifest):
    keys = {element.text for element in manifest if element.tag in DEPENDENCIES}
    assert keys - ROS_PACKAGES <= ON_UBUNTU.keys()


def test_it_names_what_setup_py_requires(repository, manifest):
    names = {ON_UBUNTU[element.text].removeprefix("pip: ").removeprefix("python3-")
             for element in manifest.iter("exec_depend") if element.text in ON_UBUNTU}
    setup = (repository / "setup.py").read_text()
    required = [each for place in ("install_requires=", '"train": ') for each in ast.literal_eval(
        re.search(place + r"(\[.*?\])", setup, re.DOTALL)[1])]
    spelled = {"PyYAML": "yaml", "Jinja2": "jinja2"}
    wanted = {re.split(r"[<>=]", each)[0] for each in required} - KEYLESS
    assert names == {spelled.get(name, name) for name in wanted}


def imported_modules(folder):
    """Return the top-level modules that the Python files in a folder import."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module.partition(".")[0]


def test_rosdep_knows_the_keys_of_exported_packages(repository):
    """Standalone packages bring any of our modules, and name what these import."""
    rooms = [path for path in (repository / "dnne_ros").iterdir()
             if path.is_dir()
             and path.name not in ("bench", "jobs", "job_server", "testing", "web",
                                  "editor")]
    modules = {module for room in rooms for module in imported_modules(room)}
    modules |= {"PIL", "sklearn", "cv2", "sounddevice"}
    modules -= {"dnne_ros", *sys.stdlib_module_names, *CHOSEN_LATER, *pip_names(modules)}
    assert set(dependency_keys(modules, ())) - ROS_PACKAGES <= ON_UBUNTU.keys()
