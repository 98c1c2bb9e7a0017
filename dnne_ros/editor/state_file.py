"""What a person has changed of the front end's settings, kept between two servers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.durable_files import make_folder, read_file, write_file

_NAME = "editor_settings.json"
_LARGEST = 2**20


class ChangedSettings:
    """A file of settings.  Without one, they last as long as the server."""

    def __init__(self, file: Path | None):
        """Read ``file``, as far as there is something to read."""
        self._file = file
        self.values: dict[str, Any] = _read(file)

    def change(self, values: Mapping[str, Any]) -> None:
        """Take up changes and keep them; OSError if that cannot be."""
        changed = {**self.values, **values}
        if len(strict_json.dumps(changed)) > _LARGEST:
            raise OSError(f"settings of more than {_LARGEST} bytes")
        self.values = changed
        if self._file is not None:
            make_folder(self._file.parent)
            write_file(self._file, strict_json.dumps(changed, indent=1).encode())


def settings_file() -> Path:
    """Return where a person's settings are."""
    place = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(place, "dnne_ros", _NAME)


def _read(file: Path | None) -> dict[str, Any]:
    try:
        found = json.loads(read_file(file)) if file is not None else {}
    except (OSError, ValueError):  # there are none yet, or a hand has been at them
        return {}
    return found if isinstance(found, dict) else {}
