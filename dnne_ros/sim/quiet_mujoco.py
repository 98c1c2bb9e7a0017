"""MuJoCo, imported for its physics alone.

With ``MUJOCO_GL=osmesa``, importing it loads Mesa, whose LLVM does not share a process with that
of Triton (see `dnne_ros.sim.drawing_process`), and fails where there is no OSMesa.
"""

from __future__ import annotations

import os

_WAY = os.environ.get("MUJOCO_GL", "")
if _WAY.strip().lower() == "osmesa":
    os.environ["MUJOCO_GL"] = "disable"
try:
    import mujoco
finally:
    if _WAY:
        os.environ["MUJOCO_GL"] = _WAY

__all__ = ["mujoco"]
