"""How long a step of other people's environments takes, as far as they tell."""

from __future__ import annotations

import math
from typing import Any


def step_seconds(env: Any) -> float:
    """Return the time between observations: ``step_dt`` or ``dt``, or by its pictures, or 1 s."""
    inner = getattr(env, "unwrapped", env)
    for name in ("step_dt", "dt"):
        for each in (env, inner):
            found = getattr(each, name, None)
            if isinstance(found, (int, float)) and found > 0 and math.isfinite(found):
                return float(found)
    metadata = getattr(env, "metadata", None) or {}
    return 1.0 / (metadata.get("render_fps") or 1.0)
