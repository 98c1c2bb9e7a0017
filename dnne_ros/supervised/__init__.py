"""Supervised learning in PyTorch, without graphs and ROS: data files, layer chains, optimizers."""
