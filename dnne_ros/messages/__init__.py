"""ROS messages of any installed type as numbers, pictures and dictionaries."""
