"""Lets EnvPool draw its environments, which it does without a screen, by EGL."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.sim.drawing_process import DrawingProcess
from dnne_ros.sim.renderer import OwnRenderer

_EGL = re.compile(r"\s(/\S*/libEGL[-.]\S*)$", re.MULTILINE)


def envpool_renderer(task: str, pool: Any, pool_env: Callable[[int], int], width: int,
                     height: int) -> OwnRenderer:
    """Return what draws environments, which ``pool_env`` finds in ``pool``, in a size of its own.

    Where EnvPool finds nothing to draw with, it ends the process: so a process that has nothing
    else tries first, and InputError says what is missing.
    """
    DrawingProcess(width, height).close()
    # MuJoCo looks for EGL's functions among those that all may see.  EnvPool has brought its own
    # library and keeps that to itself; another one does not know the context that it makes.
    loaded = _EGL.search(Path("/proc/self/maps").read_text(encoding="utf-8"))
    if loaded is None:
        raise InputError(f"simulator {task}", [
            "it cannot be filmed: this EnvPool has no EGL to draw with"])
    ctypes.CDLL(loaded[1], ctypes.RTLD_GLOBAL)
    return OwnRenderer(lambda env: pool.render(env_ids=pool_env(env))[0])
