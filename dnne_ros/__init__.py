"""Run dataflow graphs for machine learning and robotics as ROS 2 systems."""

__version__ = "0.1.0"
