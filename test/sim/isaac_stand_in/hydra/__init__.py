"""Stands in for Hydra: the two calls that make a task's configuration."""

from contextlib import contextmanager
from types import SimpleNamespace


@contextmanager
def initialize_config_dir(config_dir):
    yield


def compose(config_name, overrides):
    return SimpleNamespace(task=dict(part.split("=", 1) for part in overrides))
