"""An environment that holds a distribution and what it requires, and nothing else."""

import importlib.metadata
import os
import subprocess
import sys
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


class EmptyEnvironment:
    """A virtual environment without pip, filled from the one that runs the tests.

    Downloading torch anew would take minutes; links to files that are at hand do as well, as long
    as they are those of required distributions alone.
    """

    def __init__(self, folder):
        """Make it in ``folder``."""
        self.folder = Path(folder).resolve()
        venv.create(self.folder, symlinks=True)
        self.bin = self.folder / "bin"
        self.python = self.bin / "python"
        self._filled = {}

    def fill(self, requirements):
        """Bring in the distributions that ``requirements`` name, and those that they require.

        Raises `importlib.metadata.PackageNotFoundError` for one that is not installed here.
        """
        for text in requirements:
            requirement = Requirement(text)
            for extra in ("", *requirement.extras):
                self._fill(requirement, extra)

    def _fill(self, requirement, extra):
        name = canonicalize_name(requirement.name)
        if extra in self._filled.setdefault(name, set()):
            return
        distribution = importlib.metadata.distribution(name)
        if not self._filled[name]:
            self._link(distribution)
        self._filled[name].add(extra)
        self.fill(required_by(distribution.requires, extra))

    def _link(self, distribution):
        for file in distribution.files:
            source = Path(os.path.normpath(distribution.locate_file(file)))
            target = self.folder / source.relative_to(sys.prefix)
            # Scripts name their interpreter.  Some distributions have a file in common.
            if target.parent != self.bin and source.exists() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source)

    def pip(self, *words):
        """Let the pip that is at hand work on this environment."""
        subprocess.run([sys.executable, "-m", "pip", "--python", self.python,
                        "--disable-pip-version-check", *words], check=True)


def required_by(requirements, extra=""):
    """Return those of a distribution's ``requirements`` that count here for one of its extras."""
    parsed = map(Requirement, requirements or [])
    return [f"{each.name}[{','.join(each.extras)}]" if each.extras else each.name
            for each in parsed if each.marker is None or each.marker.evaluate({"extra": extra})]
