"""Which torch `make setup` takes, with stand-ins for the programs that it calls."""

import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")

# Notes its arguments, and fails where one of them is not to be had.
STAND_IN = """#!/bin/sh
echo "${0##*/} $*" >> "$CALLS"
all="$*"
IFS=,
for missing in $MISSING; do
  case "$all" in *"$missing"*) echo "no $missing" >&2; exit 1;; esac
done
"""
# `python -m venv ENVIRONMENT` makes an environment of stand-ins.
PYTHON = """#!/bin/sh
for folder; do :; done
mkdir -p "$folder/bin"
cp "$STAND_IN" "$folder/bin/python"
cp "$STAND_IN" "$folder/bin/uv"
"""
BY_PIP, BY_UV = "python -m pip install --quiet", "uv pip install --quiet"
OUT_OF_REACH = "torch: its CPU build is out of reach, so the one that pip finds is installed\n"


@pytest.fixture
def setup(tmp_path, repository):
    """Run `make setup`; returns what it said and which torch was installed how."""
    shutil.copy(repository / "Makefile", tmp_path)
    for name, text in (("stand_in", STAND_IN), ("python", PYTHON)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "setup.py").touch()
    calls = tmp_path / "calls"

    def run(*words, missing=""):
        calls.write_text("")
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("TORCH", "VENV", "MAKEFLAGS", "ROS_DISTRO")}
        done = subprocess.run(
            ["make", "setup", f"PYTHON={tmp_path / 'python'}", *words], cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**environment, "STAND_IN": str(tmp_path / "stand_in"), "CALLS": str(calls),
                 "MISSING": missing})
        assert done.returncode == 0, done.stdout
        return done.stdout, [call for call in calls.read_text().splitlines() if "torch" in call]

    return run


def test_a_cpu_build_that_pip_finds_is_taken(setup):
    said, calls = setup()
    assert calls == [f"{BY_PIP} torch==2.13.0+cpu"]
    assert OUT_OF_REACH not in said


def test_uv_finds_it_where_pip_does_not(setup):
    said, calls = setup(missing="+cpu")
    assert calls[1:] == [
        f"{BY_UV} --no-deps --torch-backend=cpu --python .venv/bin/python torch==2.13.0"]
    assert OUT_OF_REACH not in said


@pytest.mark.parametrize("missing", ["+cpu,--torch-backend", "+cpu,install --quiet uv"])
def test_where_it_is_out_of_reach_pip_takes_what_it_finds_and_one_line_says_so(setup, missing):
    said, calls = setup(missing=missing)
    assert calls[-1] == f"{BY_PIP} torch==2.13.0"
    assert said.count("CPU build") == 1 and OUT_OF_REACH in said
    assert "no +cpu" not in said


def test_another_one_is_installed_as_asked_and_stays(setup, tmp_path):
    assert setup("TORCH=torch<2.12")[1] == [f"{BY_PIP} torch<2.12"]
    assert setup()[1] == setup("TORCH=torch<2.12")[1] == []  # it has been done
    (tmp_path / ".venv" / ".set-up").unlink()  # as if setup.py had changed
    assert setup()[1] == [f"{BY_PIP} torch<2.12"]
    assert setup("TORCH=cpu")[1] == [f"{BY_PIP} torch==2.13.0+cpu"]
    assert setup("VENV=other")[1] == [f"{BY_PIP} torch==2.13.0+cpu"]
