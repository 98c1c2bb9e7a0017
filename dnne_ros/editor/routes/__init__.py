"""What ComfyUI's front end asks a server for, a file for each thing that it asks about."""
