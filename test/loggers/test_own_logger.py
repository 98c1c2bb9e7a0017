"""The logger that the page on loggers shows, as a package has it."""

import csv
import re

from dnne_ros.loggers.logging_run import LoggingRun
from dnne_ros.loggers.registry import make_loggers
from dnne_ros.loggers.run_logger import RunFacts


def test_the_logger_of_the_page_is_found_and_logs(repository, tmp_path, monkeypatch):
    page = (repository / "docs" / "loggers.md").read_text()
    source, entry = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "csv_logger.py").write_text(source)
    package = tmp_path / "csv_logger-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: csv-logger\nVersion: 1.0\n")
    group, point = re.search(r'\{"(.*?)": \["(.*?)"\]\}', entry).groups()
    (package / "entry_points.txt").write_text(f"[{group}]\n{point}\n")
    monkeypatch.syspath_prepend(tmp_path)
    made = make_loggers([f"csv:{tmp_path}/figures.csv"])
    warnings = []
    run = LoggingRun(made, RunFacts("cartpole", {}), {}, warnings.append)
    run.note({"kind": "progress", "metrics": {"loss": 0.5, "total_env_steps": 64}})
    run.end([], "finished")
    with (tmp_path / "figures.csv").open(newline="") as file:
        (seconds, *line), = csv.reader(file)
    assert line == ["64", "loss", "0.5"] and float(seconds) > 0 and not warnings
