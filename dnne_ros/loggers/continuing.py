"""Which run of each logger a checkpoint belongs to, in a file beside it.

A run that goes on from the checkpoint goes on there, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from dnne_ros import strict_json
from dnne_ros.durable_files import read_file, write_file
from dnne_ros.errors import InputError

_FILE = "loggers.json"
_LONGEST = 200


def read_runs(checkpoint: Path) -> Mapping[str, str]:
    """Return the run of each logger, by the text of its option; `InputError` for nonsense."""
    path = checkpoint / _FILE
    try:
        runs = json.loads(read_file(path).decode())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(str(path), [f"cannot be read: {error}"]) from None
    if not isinstance(runs, dict) or not all(
            isinstance(run, str) and len(run) <= _LONGEST for run in runs.values()):
        raise InputError(str(path), ["expected an object of texts: the run of each logger"])
    return runs


def write_runs(checkpoint: Path, runs: Mapping[str, str]) -> None:
    """Say to which runs of loggers a checkpoint belongs; OSError if that cannot be written."""
    path = checkpoint / _FILE
    if runs:
        write_file(path, (strict_json.dumps(runs, indent=1) + "\n").encode())
    else:  # an earlier run's, whose checkpoint was here
        path.unlink(missing_ok=True)
