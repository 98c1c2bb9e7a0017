"""What a job is and needs, before it is in a store."""
