"""Deadlocks: who waits for whom when nothing moves."""
