"""Workflow files: JSON text in, records out.  Knows nothing of node classes or ROS."""
