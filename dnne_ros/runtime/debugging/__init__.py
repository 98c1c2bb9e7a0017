"""Stops a run at items, and shows them: the debugger's end in each process."""
