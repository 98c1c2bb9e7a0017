"""The tutorial's files and commands, as printed, in an empty folder."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from snippets import blocks

pytest.importorskip("rclpy")


@pytest.fixture
def shell(tmp_path, run_words):
    """Run a script in the empty folder, as a person whose environment is activated."""
    programs = tmp_path / "bin"
    programs.mkdir()
    # A link to the interpreter would leave its environment.
    for name, start in (("dnne-ros", f"'{sys.executable}' -m dnne_ros"),
                        ("python", f"'{sys.executable}'")):
        (programs / name).write_text(f"#!/bin/sh\nexec {start} \"$@\"\n")
        (programs / name).chmod(0o755)
    folder = tmp_path / "empty"
    folder.mkdir()
    environment = {"LC_ALL": "C.UTF-8",
                   "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(script):
        return run_words("bash", "-e", "-c", script + "\nwait\n", folder=folder,
                         environment=environment)
    run.folder = folder
    return run


def test_the_tutorial_works_as_printed(shell, repository):
    shutil.copy(repository / "docs/examples/cartpole_plant.py", shell.folder)
    for name, content in blocks((repository / "docs/tutorial.md").read_text(encoding="utf-8")):
        if name:
            (shell.folder / name).write_text(content, encoding="utf-8")
        else:
            done = shell(content)
            assert done.returncode == 0, content + done.said()
    assert (shell.folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (shell.folder / "balance.svg").read_text().count("<svg") == 1
    assert json.loads((shell.folder / "robot.json").read_text())["angle"] < 0.3

    graph = shell.folder / "on_robot.json"
    graph.write_text(graph.read_text().replace("slider_to_cart,cart_to_pole",
                                               "cart_to_pole,slider_to_cart"))
    refused = shell("dnne-ros run on_robot.json --nodes low_pass.py --inference "
                    "--load-checkpoint-dir policy")
    assert refused.returncode == 2 and "cart_to_pole" in refused.errors, refused.errors
