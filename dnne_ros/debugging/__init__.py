"""What a debugger knows of items and places: no run time, no ROS."""
