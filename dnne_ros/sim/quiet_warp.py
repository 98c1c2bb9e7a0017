"""Warp, told to keep its devices and the kernels that it compiles to itself, and MuJoCo Warp."""

from __future__ import annotations

import importlib

import warp

warp.config.log_level = warp.LOG_WARNING

# Only now, as it starts Warp.
mujoco_warp = importlib.import_module("mujoco_warp")

__all__ = ["mujoco_warp", "warp"]
