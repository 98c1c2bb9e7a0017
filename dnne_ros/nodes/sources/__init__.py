"""Where items come from that are stored in files."""
