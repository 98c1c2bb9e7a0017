"""Whether the working directory is still there: torch and much else cannot start without one."""

from __future__ import annotations

import os

from dnne_ros.errors import InputError


def check_working_directory() -> None:
    """Raise `InputError` if the directory that the command was called in has been deleted."""
    try:
        os.getcwd()
    except OSError as error:
        raise InputError("working directory", [
            f"it is gone ({error.strerror}): change into another one"]) from None
