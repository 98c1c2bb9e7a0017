"""Reinforcement learning: the PPO agent and trainer."""
