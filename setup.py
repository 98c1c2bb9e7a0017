"""Installs dnne_ros with colcon (ament_python) or pip."""

from glob import glob
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel

PACKAGE = "dnne_ros"
EXECUTABLES = {
    "dnne-ros": "dnne_ros.cli.main:main",
    "host": "dnne_ros.cli.host:run_and_leave",
}


class AmentWheel(bdist_wheel):
    """A wheel whose executables are also where ``ros2 run`` and ``ros2 launch`` look.

    colcon installs them there (setup.cfg); pip puts them into ``bin``, with the interpreter that
    has the package.  So each gets a namesake in ``lib/<package>`` that runs the one in ``bin``.
    """

    def finalize_options(self):
        """Write the namesakes and add them to the data files."""
        super().finalize_options()
        folder = Path(self.bdist_dir).parent / "ament_executables"
        folder.mkdir(parents=True, exist_ok=True)
        for name in EXECUTABLES:
            namesake = folder / name
            namesake.write_text(f'#!/bin/sh\nexec "$(dirname "$0")/../../bin/{name}" "$@"\n')
            namesake.chmod(0o755)
        self.distribution.data_files.append(
            (f"lib/{PACKAGE}", [str(folder / name) for name in EXECUTABLES]))



setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/config/workflows", glob("config/workflows/*.json")),
    ],
    python_requires=">=3.10",
    install_requires=[
        "matplotlib>=3.6",
        "mujoco>=3.2",
        "numpy>=1.22",
        "PyYAML>=5.4",
        "rich>=12",
        "safetensors>=0.4",
        "setuptools",
        "torch>=2.2,<3",
    ],
    extras_require={
        # rclpy and the messages for machines without a ROS 2 installation.
        "wheels": [
            "ros-rclpy[fastrtps]>=7.1,<10",
            "ros-diagnostic-msgs",
            "ros-geometry-msgs",
            "ros-sensor-msgs",
            "ros-std-msgs",
        ],
        "test": ["hypothesis>=6", "psutil>=5.9", "pytest>=7"],
    },
    zip_safe=False,
    author="The dnne_ros developers",
    maintainer="The dnne_ros developers",
    description="Runs dataflow graphs for machine learning and robotics as ROS 2 systems.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [f"{name} = {target}" for name, target in EXECUTABLES.items()],
    },
    cmdclass={"bdist_wheel": AmentWheel},
)
