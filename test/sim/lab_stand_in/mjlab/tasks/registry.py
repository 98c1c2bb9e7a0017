"""The registry of tasks."""

import os
import time

from lab_point import settings

_TASKS = {"Mjlab-Point": {"auto_reset": True},
          "Mjlab-Point-Newer": {"capture_terminal_observations": False},
          "Mjlab-Point-Older": {}, "Mjlab-Point-Finite": {"is_finite_horizon": True}}


def list_tasks():
    return sorted(_TASKS)


def load_env_cfg(task):
    while not os.path.exists(os.environ.get("LAB_POINT_WAITS_FOR", "/")):
        time.sleep(0.01)
    return settings(**_TASKS[task])
