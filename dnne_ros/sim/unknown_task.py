"""A task that nobody has by this name: who has one that is near to it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from dnne_ros.sim.registry import Backend

_NEAR, _MOST = 0.75, 3


class UnknownTask(InputError):
    """A back end does not have the task that it was asked for; it has said which are near."""


def with_others(error: UnknownTask, others: Iterable[Backend], task: str, *, chosen: bool) -> str:
    """Return what is wrong with a name, in words, and what the ``others`` have.

    Unless the back end was ``chosen``, one that is not installed but has names like this may be
    meant; else there are those of the installed ones that are near.
    """
    others = list(others)
    for its in others:
        if not chosen and its.pattern and its.suits(task) and not its.installed:
            return (f"{task} looks like one of {its.about}, and back end {its.name!r} is not "
                    f"installed: {its.install}")
    near = near_to(task, others)
    return f"{error.problems[0]}" + (f"; other back ends have {near}" if near else "")


def near_to(task: str, known: Iterable[Backend]) -> str:
    """Return names of installed back ends that are near to ``task``, or have it in them.

    As they are asked for, ``envpool:PandaPickCube-v1``; empty: there is none.
    """
    names: dict[str, str] = {}
    for its in known:
        if its.installed and (its.listing or its.tasks):
            with suppress(InputError):  # it cannot tell; nobody has asked for it
                for found in its.listed():
                    names.setdefault(found.name, its.name)
    word = task.lower()
    close = difflib.get_close_matches(task, names, n=_MOST, cutoff=_NEAR) \
        or sorted((name for name in names if len(word) > 2 and word in name.lower()),
                  key=len)[:_MOST]
    return ", ".join(f"{names[name]}:{name}" for name in close)
