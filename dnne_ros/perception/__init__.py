"""Small networks that turn what sensors say into features and decisions."""
