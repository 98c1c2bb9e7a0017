"""One node of a process: its rclpy host, what it is given, and who runs it."""
