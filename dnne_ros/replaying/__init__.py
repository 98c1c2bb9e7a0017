"""Recordings, replayed: nodes run again on what they were given, and are compared."""
