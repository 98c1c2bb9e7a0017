"""Stands in for Isaac Gym: as picky as it about who is imported first."""

import sys

if "torch" in sys.modules:
    raise ImportError("PyTorch was imported before isaacgym modules.  Please import torch after "
                      "isaacgym modules.")
