"""A run as one of MLflow's: parameters, metrics, files, and how it ended."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.loggers.folders import check_folder
from dnne_ros.loggers.run_logger import RunFacts, RunLogger, Status

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_URI, _EXPERIMENT = "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"
_HERE = "mlruns"
_SCHEMES = ("http", "https", "file", "sqlite", "postgresql", "mysql", "mssql", "databricks")
_SCHEME = re.compile(r"([a-z][a-z0-9]*)(?:\+[a-z0-9]+)?:")
_STATUSES = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
_AT_ONCE = 100
"""How many parameters MLflow takes in one call."""
_LONGEST = 6000
"""Letters of a parameter's value that MLflow takes."""
_SETTINGS = {
    # Its own patience with a server that is gone is many minutes, and figures come meanwhile.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # A run tells nobody but whom it was told to tell.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Whoever names a folder wants it; since 3.7 MLflow would rather have a database.
    "MLFLOW_ALLOW_FILE_STORE": "true",
}


class MlflowRun(RunLogger):
    """Writes to an MLflow server, database or folder."""

    def __init__(self, uri: str):
        """Write to ``uri`` or, if it is empty, to MLFLOW_TRACKING_URI, or to ./mlruns.

        ValueError for a scheme that MLflow has not, or a folder that cannot be written.
        """
        uri = uri or os.environ.get(_URI, "") or _HERE
        scheme = _SCHEME.match(uri)
        if scheme is None:
            check_folder(Path(uri), "MLflow's files")
            uri = Path(uri).absolute().as_uri()
        elif scheme[1] not in _SCHEMES:
            raise ValueError(f"expected a folder or a URI of {', '.join(_SCHEMES)}")
        self._uri = uri
        self._id = ""

    def start(self, facts: RunFacts) -> str:
        """Go on with the run that ``facts`` continue, or begin one; return its id."""
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        from mlflow.tracking import MlflowClient

        self._client: MlflowClient = MlflowClient(tracking_uri=self._uri)
        known = self._continued(facts.continues) if facts.continues else None
        if known is None:
            self._id = self._client.create_run(
                self._experiment(os.environ.get(_EXPERIMENT) or facts.name),
                run_name=facts.name).info.run_id
        self._write_parameters(facts.parameters, known or {})
        return self._id

    def log(self, figures: Mapping[str, float], step: int, seconds: float) -> None:
        """Add a point to each metric."""
        from mlflow.entities import Metric

        self._client.log_batch(self._id, metrics=[
            Metric(name, value, int(seconds * 1000), step) for name, value in figures.items()])

    def note(self, name: str, value: str) -> None:
        """Set a tag."""
        self._client.set_tag(self._id, name, value)

    def keep(self, file: Path) -> None:
        """Log an artifact."""
        self._client.log_artifact(self._id, str(file))

    def end(self, status: Status) -> None:
        """Say how it ended."""
        self._client.set_terminated(self._id, _STATUSES[status])

    def _continued(self, id: str) -> dict[str, str] | None:
        """Let a run go on, and return its parameters; None if there is no such run any more."""
        from mlflow.exceptions import MlflowException

        try:
            run = self._client.get_run(id)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        if run.info.lifecycle_stage != "active":
            return None
        self._id = id
        self._client.update_run(id, status="RUNNING")
        return dict(run.data.params)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        return str(self._client.create_experiment(name) if found is None else found.experiment_id)

    def _write_parameters(self, parameters: Mapping[str, Any], known: Mapping[str, str]) -> None:
        """Write those that are new; what a run that goes on has changed since is a tag."""
        from mlflow.entities import Param, RunTag

        texts = {_legal(name): str(value)[:_LONGEST] for name, value in parameters.items()}
        new = [Param(name, text) for name, text in texts.items() if name not in known]
        changed = [RunTag(f"resumed.{name}", text) for name, text in texts.items()
                   if known.get(name, text) != text]
        for some in _parts(new):
            self._client.log_batch(self._id, params=some)
        for tags in _parts(changed):
            self._client.log_batch(self._id, tags=tags)


def _legal(name: str) -> str:
    return re.sub(r"[^\w./ -]", "_", name, flags=re.ASCII)


def _parts(things: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
