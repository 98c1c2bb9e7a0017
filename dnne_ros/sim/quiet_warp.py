"""Warp, told to keep its devices and the kernels that it compiles to itself.

It must be told before MuJoCo Warp is imported, which starts it.
"""

from __future__ import annotations

import warp

warp.config.log_level = warp.LOG_WARNING

__all__ = ["warp"]
