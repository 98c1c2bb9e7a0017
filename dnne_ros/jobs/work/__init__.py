"""Workers: jobs taken up, run as processes, and ended."""
