"""What runs in the ROS domain, as JSON that a browser is sent while it changes."""
