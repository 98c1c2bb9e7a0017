"""The flight records of a run, by the command that has started it."""

from __future__ import annotations

from typing import Any

from dnne_ros.tracing.flight_record import save_run


def flight_message(run_id: str, process_id: int, how: str) -> dict[str, Any]:
    """Put aside what a run has kept of which a process has died, as ``how`` says.

    Nobody else can: returns what there is to be told, as a message of the process.
    """
    try:
        path = save_run(run_id, how, (process_id,))
    except OSError as error:
        return {"kind": "warning", "message": f"no flight record was written: {error.filename}: "
                f"{error.strerror}"}
    if path is None:
        return {"kind": "nothing"}
    return {"kind": "flight_record", "path": str(path), "reason": how}
