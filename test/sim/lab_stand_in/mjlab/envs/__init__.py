"""The environment's class."""

from lab_point import Point as ManagerBasedRlEnv  # noqa: F401
