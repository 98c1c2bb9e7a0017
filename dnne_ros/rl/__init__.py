"""PPO: policy, storage, advantages and updates, in torch.  Knows no ROS and no simulator."""
