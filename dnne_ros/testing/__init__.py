"""What the author of a node type tests with: a context without ROS."""
