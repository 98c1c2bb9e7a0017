"""Any MJCF or URDF as a robot at the desk: its model, its drives, its physics, its sensors."""
