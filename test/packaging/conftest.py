"""A clean checkout, and what is built from it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def tracked_files(repository):
    """Return the paths of the files that belong to a checkout, or to an unpacked distribution."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True,
                            text=True, check=False)
    if listed.returncode == 0 and (repository / ".git").exists():
        return [name for name in listed.stdout.split("\0") if (repository / name).is_file()]
    found = (path.relative_to(repository) for path in repository.rglob("*") if path.is_file())
    return [str(path) for path in found
            if not any(part.startswith(".") or part == "__pycache__" for part in path.parts)]


@pytest.fixture(scope="session")
def checkout(shared_folder, repository):
    """Return a copy of the files that belong to the package: building adds others to them."""
    def fill(folder):
        for name in tracked_files(repository):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, folder / name)
    return shared_folder("checkout", fill)


@pytest.fixture(scope="session")
def distributions(shared_folder, checkout):
    """Return the source distribution and the wheel, as `make dist` builds them."""
    pytest.importorskip("build", reason="needs build: pip install '.[dist]'")

    def fill(folder):
        source = folder / "source"
        shutil.copytree(checkout, source)
        subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check",
                        "--outdir", folder / "dist", source], check=True)
    folder = shared_folder("distributions", fill) / "dist"
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


@pytest.fixture
def source_distribution(distributions, tmp_path):
    """Return the folder into which the source distribution has been unpacked."""
    shutil.unpack_archive(distributions[0], tmp_path / "unpacked")
    return next(Path(tmp_path / "unpacked").iterdir())
