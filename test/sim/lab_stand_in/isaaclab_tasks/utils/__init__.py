"""Settings of tasks."""

from lab_point import settings


def parse_env_cfg(task, device, num_envs):
    return settings(num_envs, compute_final_obs=False)
