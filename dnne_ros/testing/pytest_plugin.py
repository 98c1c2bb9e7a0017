"""The functions of `dnne_ros.testing` as fixtures: ``pytest_plugins = [this module's name]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dnne_ros.testing import driver


@pytest.fixture(scope="session")
def run_async() -> Callable[..., Any]:
    """Run a coroutine in a plain asyncio loop; one that hangs fails."""
    return driver.run


@pytest.fixture(scope="session")
def drive() -> Callable[..., Any]:
    """Run a node while a script feeds it: `dnne_ros.testing.drive`."""
    return driver.drive


@pytest.fixture(scope="session")
def compute() -> Callable[..., Any]:
    """Run a node's `compute` once: `dnne_ros.testing.compute`."""
    return driver.compute
