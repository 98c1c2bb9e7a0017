"""Camera, microphone and inertial measurement unit."""
