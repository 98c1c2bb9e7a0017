"""OpenTelemetry: spans of items, updates, checkpoints and jobs, and what carries them away."""
