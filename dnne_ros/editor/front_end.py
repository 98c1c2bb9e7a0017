"""The front end that a person has installed: where its files are, and of which version it is.

It is a package of others, under the GPL, and is served as it is; none of it is ours.
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from pathlib import Path

from dnne_ros.errors import InputError

_DISTRIBUTION, _MODULE = "comfyui-frontend-package", "comfyui_frontend_package"
TRIED = "1.58"
"""The versions that the editor was tried with begin so."""


def front_end_folder() -> Path:
    """Return the folder of the front end's files; `InputError` if it is not installed."""
    found = importlib.util.find_spec(_MODULE)
    places = [Path(each, "static") for each in (found.submodule_search_locations or ())] \
        if found is not None else []
    for place in places:
        if (place / "index.html").is_file():
            return place
    raise InputError("environment", [
        f"the editor is {_DISTRIBUTION}, which is not installed: pip install 'dnne_ros[editor]'"])


def front_end_version() -> str:
    """Return the version that is installed."""
    return version(_DISTRIBUTION)


def doubt_of(installed: str) -> str:
    """Return what to say of a version that was not tried; "" if it was."""
    if installed == TRIED or installed.startswith(f"{TRIED}."):
        return ""
    return (f"{_DISTRIBUTION} {installed} is installed; the editor was tried with {TRIED}, and "
            f"may not work with another: pip install 'dnne_ros[editor]'")
