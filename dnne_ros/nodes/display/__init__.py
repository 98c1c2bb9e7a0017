"""What a graph shows of its values."""
