"""A process whose states others decide: ROS 2's managed nodes."""
