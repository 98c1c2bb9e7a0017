"""What the processes of a run agree on: starting, being alive, saving, ending."""
