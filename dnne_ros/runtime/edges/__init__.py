"""The ports of a process wired to edges."""
