"""What the processes of a run agree on: start, liveness, saving, ending."""
