"""What other people add: found in installed packages and in single files."""
