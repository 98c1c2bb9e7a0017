"""Simulated environments, their actions and what they show."""
