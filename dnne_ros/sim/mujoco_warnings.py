"""MuJoCo's warnings as Python's: each one once, and no MUJOCO_LOG.TXT where the user works."""

from __future__ import annotations

import warnings

from dnne_ros.sim.quiet_mujoco import mujoco


def take_over_warnings() -> None:
    """Have MuJoCo's warnings go to `warnings`, unless somebody already takes them.

    That a model uses a deprecated attribute is a DeprecationWarning, which Python does not show
    by default: it is for the model's author.
    """
    if mujoco.get_mju_user_warning() is None:
        mujoco.set_mju_user_warning(_warn)


def _warn(message: str) -> None:
    category = DeprecationWarning if "deprecated" in message else RuntimeWarning
    warnings.warn(f"MuJoCo: {message}", category, stacklevel=1)
