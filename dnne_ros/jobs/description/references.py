"""What stands in a job's words for something that is known only when the job starts.

``{job}`` is the folder of the job itself, ``{jobs}`` that of all jobs, which may be elsewhere on
each machine.  ``{train.checkpoint}`` is what the pipeline's stage ``train`` has left.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dnne_ros.jobs.description.folder import JobFolder

_REFERENCE = re.compile(r"\{(\w+)\.(\w+)\}")
FILES = {"checkpoint": "{jobs}/%d/checkpoint", "folder": "{jobs}/%d",
         "report": "{jobs}/%d/report.json"}
"""What a stage leaves beside the figures of its report, by the number of its job."""


def references(*texts: str) -> list[tuple[str, str]]:
    """Return what texts refer to of stages, as (stage, what)."""
    return [(match[1], match[2]) for text in texts for match in _REFERENCE.finditer(text)]


def filled(text: str, value: Callable[[str, str], str]) -> str:
    """Return a text with ``value(stage, what)`` in the place of each reference."""
    return _REFERENCE.sub(lambda match: value(match[1], match[2]), text)


def with_folders(text: str, folder: JobFolder) -> str:
    """Return a text with the folders of this machine."""
    return text.replace("{job}", str(folder.path)).replace("{jobs}", str(folder.path.parent))
