"""The options of a run that a person sets in the editor, and that a drawing keeps.

They lie in the drawing's ``extra.dnne_ros.run`` as texts, under the names that they have on the
command line.  Folders and files are those of the served folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.options.option import Option
from dnne_ros.options.readings import truth
from dnne_ros.options.run_arguments import PLACE
from dnne_ros.options.run_settings import RUN_OPTIONS

_OFFERED = ("seed", "duration", "until_return", "max_updates", "max_env_steps", "epochs",
            "inference", "save_checkpoint_dir", "load_checkpoint_dir", "respawn", "paused")
_PLACES = ("fused", "split")

OFFERED: tuple[Option, ...] = (PLACE, *(each for each in RUN_OPTIONS if each.name in _OFFERED))


def described() -> list[dict[str, Any]]:
    """Return what a panel shows of each option."""
    return [{"name": each.name, "help": each.description, "flag": each.kind == "flag",
             "default": each.default or "", "metavar": each.metavar or "",
             "choices": list(_PLACES) if each is PLACE else []} for each in OFFERED]


def given_options(drawing: Any) -> Mapping[str, Any]:
    """Return the options that a drawing keeps, unchecked."""
    found: Any = drawing
    for key in ("extra", "dnne_ros", "run"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def run_option_words(given: Mapping[str, Any], folder: Path) -> list[str]:
    """Return the words of ``dnne-ros run`` that say ``given``; `InputError` with all faults."""
    problems = Problems("run options")
    known = {option.name: option for option in OFFERED}
    words = []
    for name, value in given.items():
        option = known.get(name)
        if option is None:
            problems.add(f"{name!r:.40} is no option; there are: {', '.join(known)}")
        elif not isinstance(value, (str, int, float)):
            problems.add(f"{option.word}: expected a text, found {value!r:.40}")
        else:
            try:
                words += _words(option, str(value).strip(), folder)
            except (ValueError, argparse.ArgumentTypeError) as error:
                problems.add(f"{option.word}={str(value)!r:.80}: {error}")
    problems.raise_if_any()
    return words


def folder_of(given: Mapping[str, Any], name: str, folder: Path) -> Path | None:
    """Return the folder that a checked option names, if it names one."""
    text = str(given.get(name, "")).strip()
    return _below(folder, text) if text else None


def _words(option: Option, text: str, folder: Path) -> list[str]:
    if option.kind == "flag":
        return option.words(truth(text or "false"))
    if not text:
        return []
    if option.kind == "file" and not (option is PLACE and text in _PLACES):
        return option.words(_below(folder, text))
    option.read(text)
    return option.words(text)


def _below(folder: Path, text: str) -> Path:
    """Return a file or folder of the served folder; ValueError for one elsewhere."""
    path = (folder / PurePosixPath(text)).resolve()
    if "\0" in text or not path.is_relative_to(folder.resolve()):
        raise ValueError(f"expected a name in the served folder, {folder}")
    return path
