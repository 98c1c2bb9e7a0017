"""Recordings of runs: MCAP files with every item, in ROS 2's profile, and what is read of them."""
