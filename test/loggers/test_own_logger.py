"""The logger that the page on loggers shows, as a package has it, in a run."""

import csv
import json
import os
import re

import pytest


@pytest.fixture
def package(repository, tmp_path):
    """Install the package of the page, and return the folder in which it is."""
    page = (repository / "docs" / "loggers.md").read_text()
    source, entry = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "csv_logger.py").write_text(source)
    about = tmp_path / "csv_logger-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: csv-logger\nVersion: 1.0\n")
    group, point = re.search(r'\{"(.*?)": \["(.*?)"\]\}', entry).groups()
    (about / "entry_points.txt").write_text(f"[{group}]\n{point}\n")
    return tmp_path


def test_the_logger_of_the_page_gets_the_figures_of_a_run(
        start_command, cartpole, repository, package):
    def start(where, *words):
        run = start_command(
            "dnne_ros", "run", cartpole, "--quiet", "--set", "1.num_envs=16", "--log-to",
            f"csv:{where}", *words, folder=package, cold=True, separate=True,
            environment={"PYTHONPATH": f"{package}{os.pathsep}{repository}"})
        return run.wait(), run.output + run.errors

    code, said = start("figures.csv", "--max-updates", "3", "--report", "r.json")
    assert code == 0 and "figures get lost" not in said, said
    with (package / "figures.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    report = json.loads((package / "r.json").read_text())
    assert [float(value) for _, _, name, value in lines if name == "loss"] == report["losses"]
    assert int(lines[-1][1]) == report["metrics"]["total_env_steps"]
    code, said = start("figures.txt")
    assert code == 2 and "csv:figures.txt: expected csv:FILE.csv" in said, said
