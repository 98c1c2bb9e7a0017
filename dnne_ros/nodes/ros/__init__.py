"""Other ROS nodes' topics."""
