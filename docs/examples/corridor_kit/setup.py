"""Adds a node type, a port type with its message and a simulator to dnne_ros."""

from setuptools import setup

PACKAGE = "corridor_kit"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=[PACKAGE],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/config", ["config/corridor_ppo.json", "config/front_scan.json"]),
    ],
    python_requires=">=3.10",
    install_requires=["setuptools", "dnne_ros", "numpy>=1.22", "torch>=2.2,<3"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    author="The dnne_ros developers",
    maintainer="The dnne_ros developers",
    description="A corridor to drive through, and its laser: an example of what can be added.",
    license="Apache-2.0",
    entry_points={
        "dnne_ros.nodes": ["corridor_kit = corridor_kit.sectors"],
        "dnne_ros.port_types": ["corridor_kit = corridor_kit.scan"],
        "dnne_ros.simulators": ["corridor_kit = corridor_kit.backend"],
    },
)
