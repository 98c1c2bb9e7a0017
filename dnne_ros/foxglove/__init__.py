"""What a running graph shows, served to Foxglove and Lichtblick."""
