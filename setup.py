"""Installs dnne_ros with colcon (ament_python) or pip."""

import sys
from glob import glob

from setuptools import find_packages, setup

PACKAGE = "dnne_ros"

# colcon installs the executables where ros2 run and ros2 launch look (see setup.cfg).  pip puts
# them into bin, so a wheel brings a namesake of each to that place.
PIP_EXECUTABLES = glob("resource/executables/*") if "bdist_wheel" in sys.argv else []

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/config/workflows", [
            *glob("config/workflows/*.json"), *glob("config/workflows/*.py")]),
        (f"share/{PACKAGE}/config/workflows/cartpole_leapp",
         glob("config/workflows/cartpole_leapp/*")),
        (f"share/{PACKAGE}/config/foxglove", glob("config/foxglove/*.json")),
        (f"share/{PACKAGE}/config/pipelines", glob("config/pipelines/*.yaml")),
        (f"share/{PACKAGE}/config/grafana", glob("config/grafana/*.json")),
        (f"lib/{PACKAGE}", PIP_EXECUTABLES),
    ],
    package_data={PACKAGE: ["py.typed"],
                  f"{PACKAGE}.exporting": ["templates/*.j2"],
                  f"{PACKAGE}.runtime": ["profiles/*/*.xml"],
                  f"{PACKAGE}.policy_cpp": ["templates/*.j2"],
                  f"{PACKAGE}.sim": ["assets/*.urdf"],
                  f"{PACKAGE}.web": ["dashboard/page/*", "dashboard/page/*/*"],
                  f"{PACKAGE}.editor": ["extension/*.js"]},
    python_requires=">=3.10",
    install_requires=[
        "Jinja2>=3.0",
        "matplotlib>=3.6",
        "mujoco>=3.2",
        "numpy>=1.22",
        "PyYAML>=5.4",
        "rich>=12",
        "safetensors>=0.4",
        "setuptools",
    ],
    extras_require={
        # Training, and simulators.
        "train": ["scipy>=1.9", "torch>=2.4,<3"],
        # dnne_ros.toolkit.retrying; it has no rosdep key, but a Debian package: python3-tenacity.
        "retrying": ["tenacity>=6.2,<11"],
        # rclpy and the messages for machines without a ROS 2 installation.
        "wheels": [
            "ros-rclpy[fastrtps]>=7.1,<10",
            "ros-action-msgs",
            "ros-diagnostic-msgs",
            "ros-geometry-msgs",
            "ros-rcl-interfaces",
            "ros-rosgraph-msgs",
            "ros-sensor-msgs",
            "ros-std-msgs",
        ],
        # Every shape of messages and services, for tests; a ROS 2 installation has its own.
        "wheels-test": ["ros-test-msgs>=2,<3"],
        # Real sensors.
        "camera": ["opencv-python-headless>=4.5"],
        "audio": ["sounddevice>=0.4"],
        # Jobs and pipelines; none of it has a rosdep key.
        "jobs": ["croniter>=2", "dbos>=3.4,<4", "optuna>=4,<6", "sqlalchemy>=2.0.30"],
        # Keys and signed permissions for SROS2; for rosdep, python3-cryptography.
        "security": ["cryptography>=3.4"],
        # Recordings, and bags of other programs; none of it has a rosdep key.
        "record": ["mcap>=1.2,<2", "rosbags>=0.10,<0.12", "zstandard>=0.21"],
        # Pages in a browser; for rosdep, python3-aiohttp.
        "web": ["aiohttp>=3.9,<4"],
        # The editor: ComfyUI's front end (GPL-3.0), served as it is; it has no rosdep key.
        "editor": ["aiohttp>=3.9,<4", "comfyui-frontend-package>=1.58,<1.59"],
        # Films of simulated environments; for rosdep, python3-av.
        "video": ["av>=12"],
        # Figures of runs and jobs for Prometheus.
        "metrics": ["prometheus-client>=0.19,<1"],
        # Spans, metrics and logs by OTLP.
        "otel": ["opentelemetry-exporter-otlp-proto-http>=1.39,<2", "opentelemetry-sdk>=1.39,<2"],
        # Flame graphs of `dnne-ros profile`.
        "profile": ["py-spy>=0.3.14,<1"],
        # Fetches data sets that are not there.
        "data": ["pooch>=1.6"],
        # Curves as event files.
        "tensorboard": ["tensorboard>=2.10"],
        # Runs with figures and files, for MLflow and Weights & Biases.
        "mlflow": ["mlflow-skinny>=2.10,<4"],
        "wandb": ["wandb>=0.25,<1"],
        # Topics, parameters and connections for Foxglove and Lichtblick.
        "foxglove": ["foxglove-sdk>=0.30,<0.31"],
        # Policies without torch; for rosdep, onnxruntime is python3-onnxruntime-pip.
        "policy": ["onnx>=1.14", "onnxruntime>=1.16"],
        # Further simulators.
        "gymnasium": ["gymnasium[mujoco]>=1.1"],
        # EnvPool for Python 3.10 is an old one (0.8), which does not do; its models are 500 MB.
        "envpool": ["envpool>=1.2,<2; python_version >= '3.11'", "gymnasium[mujoco]>=1.1"],
        "warp": ["mujoco-warp>=4", "warp-lang>=1.19"],
        # Peers of the benchmarks.
        "bench": [
            "dora-rs>=1.1; python_version >= '3.11'",
            "huey>=2.5",
            "procrastinate>=3.2,<4",
            "pyarrow; python_version >= '3.11'",
            "rsl-rl-lib>=5.5,<6",
            "stable-baselines3>=2.3,<3",
            "tensordict",
        ],
        # The documentation site.
        "docs": ["sphinx>=7.2,<10", "myst-parser>=2", "sphinx-rtd-theme>=2"],
        # The source distribution and the wheel.
        "dist": ["build>=1"],
        # Exact versions: another one may find other things.
        "lint": ["mypy==2.4.1", "ruff==0.17.6", "types-PyYAML"],
        "test": [
            "aiohttp>=3.9,<4",
            "av>=12",
            "build>=1",
            "colcon-core",
            "colcon-ros",
            "croniter>=2",
            "cryptography>=3.4",
            "dbos>=3.4,<4",
            "flake8>=5",
            "foxglove-sdk>=0.30,<0.31",
            "gymnasium[mujoco]>=1.1",
            "hypothesis>=6",
            "leapp>=0.7.2,<0.8",
            "mcap-ros2-support>=0.5.5",
            "mcap>=1.2,<2",
            "mlflow-skinny>=2.10,<4",
            "onnx>=1.14",
            "onnxruntime>=1.16",
            "pooch>=1.6",
            "opencv-python-headless>=4.5",
            "opentelemetry-exporter-otlp-proto-http>=1.39,<2",
            "opentelemetry-sdk>=1.39,<2",
            "optuna>=4,<6",
            "prometheus-client>=0.19,<1",
            "psutil>=5.9",
            "py-spy>=0.3.14,<1",
            "pydocstyle>=6",
            "pytest>=7",
            "pytest-timeout>=2.1",
            "pytest-xdist>=3.7",
            "tenacity>=6.2,<11",
            "rosbags>=0.10,<0.12",
            "rsl-rl-lib>=5.5,<6",
            "stable-baselines3>=2.3,<3",
            "sqlalchemy>=2.0.30",
            "tensorboard>=2.10",
            "torch>=2.4,<3",
            "wandb>=0.25,<1",
            "websockets>=13",
            "zstandard>=0.21",
        ],
    },
    zip_safe=False,
    author="The dnne_ros developers",
    maintainer="The dnne_ros developers",
    description="Runs dataflow graphs for machine learning and robotics as ROS 2 systems.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "dnne-ros = dnne_ros.cli.main:main",
            "graph_host = dnne_ros.hosting.host:run_and_leave",
        ],
    },
)
