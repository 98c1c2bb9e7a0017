"""What the messages of sensors say, quantity by quantity."""
