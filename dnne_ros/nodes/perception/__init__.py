"""Small networks for inference on what sensors give."""
