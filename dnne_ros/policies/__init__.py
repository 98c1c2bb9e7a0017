"""Trained policies for robots: bundles that run without torch, and without this package."""
