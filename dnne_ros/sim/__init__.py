"""Simulators: the contract they keep, and the back ends that keep it.  Knows no ROS, no PPO."""
