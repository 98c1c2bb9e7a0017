"""What is said to the debugger, in one line: at its prompt, or as arguments of a command."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from dnne_ros.errors import InputError

_ALIASES = {"s": "step", "c": "go", "continue": "go", "b": "break", "w": "watch", "p": "show",
            "print": "show", "q": "quit", "exit": "quit", "?": "help", "run": "go", "info": "list",
            "breakpoints": "list", "delete": "clear", "where": "list", "stop": "pause"}
HELP = """\
pause [boundary]        stop the whole run: at once, or when a trainer announces a boundary
go                      go on, until a breakpoint if there is one
step [PLACE] [N]        go on until the next item, or the N-th, has come to PLACE, or anywhere
break PLACE [if COND]   stop there: at each item, or at those of which COND is true
watch PLACE [if COND]   count such items and keep the last, without stopping
clear N|all             forget a breakpoint or watchpoint
list                    how the run stands, breakpoints, and the items at hand
show [PLACE]            look at the items at hand, or at those watched: shape, range, histogram
wait                    wait until the run stops
quit                    leave; a run that is paused stays so

PLACE   a node, NODE/PORT, or an edge as NODE/PORT -> NODE/PORT
COND    nan, inf, reward < -10, shape == (512, 4), dtype == 'float32', max(abs(action)) > 1,
        number >= 100, observation.velocity[0] != 0, joined by and, or, not"""


@dataclass(frozen=True)
class Words:
    """An action, and the words that go with it."""

    action: str
    words: tuple[str, ...] = ()


def read(line: str) -> Words:
    """Return what a line means; `InputError` if it means nothing."""
    name, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    action = _ALIASES.get(name, name)
    if action in ("break", "watch"):
        place, _, condition = f" {rest} ".partition(" if ")
        if not place.strip():
            raise InputError(action, [f"expected {action} PLACE [if CONDITION]"])
        return Words(action, (place.strip(), condition.strip()))
    if action == "step":
        place, _, count = rest.rpartition(" ")
        if count.lstrip("+-").isdigit() and not (place == "" and "/" in count):
            return Words(action, (place.strip(), count))
        return Words(action, (rest, "1"))
    if action == "pause":
        if rest not in ("", "boundary"):
            raise InputError(action, [f"expected pause or pause boundary, found {rest!r:.40}"])
        return Words("boundary" if rest else "pause")
    if action == "clear":
        return Words(action, (rest or "all",))
    if action == "show":
        return Words(action, (rest,))
    if action in ("go", "list", "wait", "quit", "help"):
        if rest:
            raise InputError(action, [f"expected nothing behind it, found {rest!r:.40}"])
        return Words(action)
    near = difflib.get_close_matches(name, ACTIONS, 1)
    raise InputError("debug", [f"unknown command {name!r:.40}"
                               + (f": is {near[0]} meant?" if near else "; see help")])


ACTIONS = ("pause", "go", "step", "break", "watch", "clear", "list", "show", "wait")
"""What can be said as arguments of a command, too."""


def is_action(word: str) -> bool:
    """Tell whether a word is the name of an action."""
    return _ALIASES.get(word, word) in ACTIONS
