"""A task that the back end of its name's kind does not have: who else might."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from dnne_ros.sim.registry import Backend


class UnknownTask(InputError):
    """A back end does not have the task that it was asked for; it has said which are near."""


def with_others(error: UnknownTask, others: Iterable[Backend], task: str) -> str:
    """Return what is wrong with a name that nobody gave a back end for, in words.

    The ``others`` may have it: one that is not installed but has names like this, or else there
    are those of the installed ones that are near.
    """
    others = list(others)
    for its in others:
        if its.pattern and its.suits(task) and not its.installed:
            return (f"{task} looks like one of {its.about}, and back end {its.name!r} is not "
                    f"installed: {its.install}")
    names: dict[str, str] = {}
    for its in others:
        if its.installed and its.listing:
            with suppress(InputError):  # it cannot tell; nobody has asked for it
                for found in its.listed():
                    names.setdefault(found.name, its.name)
    close = difflib.get_close_matches(task, names, n=3, cutoff=0.8)
    near = ", ".join(f"{names[name]}:{name}" for name in close)
    return f"{error.problems[0]}" + (f"; other back ends have {near}" if near else "")
