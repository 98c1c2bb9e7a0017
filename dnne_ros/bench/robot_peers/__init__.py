"""The processes of ``dnne-ros bench robot``: a robot, and what commands it without us."""
