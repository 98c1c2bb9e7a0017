"""Pages in a browser: the guarded server that all of them share, and the dashboard."""
