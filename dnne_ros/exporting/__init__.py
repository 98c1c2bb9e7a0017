"""A placement as a ROS 2 package on disk."""
