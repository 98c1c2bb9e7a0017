"""Simulators: their interface, the back ends behind it, and which there are.  No ROS, no PPO."""
