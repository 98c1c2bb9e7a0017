"""The editor in a browser: ComfyUI's front end on this package's node types, and runs from it."""
