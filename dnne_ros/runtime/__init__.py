"""The run time: rclpy hosts of nodes, the event loop of a process, its supervisor."""
