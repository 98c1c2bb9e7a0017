"""The flight records of a run, by the command that has started it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dnne_ros.tracing.flight_record import default_records_folder, forget, run_folder, save


class FlightRecords:
    """Puts aside what a process has kept that was killed, as nobody else can."""

    def __init__(self, options: argparse.Namespace, run_id: str):
        """Do so as the ``options`` of the run say."""
        self._wanted = not options.no_flight_record
        self._seconds = options.flight_seconds
        self._records = Path(options.flight_dir).absolute() if options.flight_dir \
            else default_records_folder()
        self._run_id = run_id

    def of_dead(self, how: str) -> list[dict[str, Any]]:
        """Write one for a process that died as ``how`` says; return what is to be told, as messages."""
        if not self._wanted:
            return []
        try:
            path = save(run_folder(self._run_id), self._records, how, self._seconds)
        except OSError as error:
            return [{"kind": "warning", "message": f"no flight record was written: "
                     f"{error.filename or self._records}: {error.strerror or error}"}]
        return [{"kind": "flight_record", "path": str(path), "reason": how}]

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Remove afterwards what processes have left that could not."""
        try:
            yield
        finally:
            if self._wanted:
                forget(run_folder(self._run_id))
