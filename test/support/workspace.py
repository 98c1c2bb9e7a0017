"""colcon workspaces that tests build and test packages in."""

import importlib.util
import os
import sys

import pytest

needs_colcon = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("colcon_core", "colcon_ros")),
    reason="needs colcon-core and colcon-ros")


class Workspace:
    """A colcon workspace; dnne_ros can be imported in it only if ``python_path`` says so."""

    def __init__(self, folder, python_path, run_words):
        self.folder = folder
        self._run_words = run_words
        self.environment = {
            "PYTHONPATH": os.pathsep.join(map(str, python_path)),
            "COLCON_LOG_LEVEL": "error"}

    def run(self, *command):
        """Run a command in the workspace; returns what it printed."""
        done = self._run_words(*command, folder=self.folder, environment=self.environment)
        assert done.returncode == 0, done.said()
        return done.said()

    def colcon(self, *words):
        """Run colcon with this interpreter."""
        return self.run(sys.executable, "-c",
                        "from colcon_core.command import main; raise SystemExit(main())", *words)
