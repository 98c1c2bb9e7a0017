"""ROS parameter files (YAML), read and checked against a graph."""
