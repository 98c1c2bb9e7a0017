"""What every node can be asked for beside its widgets: deadlines, a watchdog, and what errors do.

They are parameters of every node (``deadline.seconds``, …), and entries of the same names in a
workflow's ``properties.dnne_ros``: ``{"watchdog": {"seconds": 0.5, "policy": "restart"}}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dnne_ros.node_api.widget import Widget, WidgetError

WARN = "warn"
SAFE_VALUE = "safe_value"
RESTART = "restart"
STOP = "stop"
POLICIES = (WARN, SAFE_VALUE, RESTART, STOP)

_POLICY = ("warn: say so and go on; safe_value: send the node's safe outputs in its place; "
           "restart: make the node anew; stop: end the run")

FAULT_SETTINGS: Mapping[str, Widget] = {
    "deadline.seconds": Widget(
        0.0, "The longest that the node may work on an item before it gives an output or takes "
        "the next; without inputs: from one output to the next. 0: as long as it likes.",
        minimum=0.0, unit="s", live=True),
    "deadline.rate_hz": Widget(
        0.0, "The lowest rate of its outputs (without outputs: its items), seen over each second, "
        "5 % less being allowed. 0: any.", minimum=0.0, unit="Hz", live=True),
    "deadline.policy": Widget(
        WARN, f"What a missed deadline or rate brings about. {_POLICY}.", choices=POLICIES,
        live=True),
    "watchdog.seconds": Widget(
        0.0, "The longest that the node may be silent: no output (without outputs: no item "
        "taken). 0: as long as it likes.", minimum=0.0, unit="s", live=True),
    "watchdog.policy": Widget(
        WARN, f"What silence brings about. {_POLICY}. A node that waits for others is not "
        "restarted.", choices=POLICIES, live=True),
    "errors.policy": Widget(
        STOP, f"What an error of the node brings about. {_POLICY}. All but stop skip the item.",
        choices=POLICIES, live=True),
    "errors.limit": Widget(
        10, "So many errors or restarts in a row, without an item that went well, end the run "
        "whatever the policy.", minimum=1, maximum=1_000_000, live=True),
    "errors.check_finite": Widget(
        False, "Whether NaN and infinity in an output are an error.", live=True),
}
"""By parameter name.  Off unless asked for, and then they cost nothing for each item."""

GROUPS = tuple(dict.fromkeys(name.partition(".")[0] for name in FAULT_SETTINGS))


def default_fault_settings() -> dict[str, Any]:
    """Return the settings of a node that asks for nothing."""
    return {name: widget.default for name, widget in FAULT_SETTINGS.items()}


def watches(settings: Mapping[str, Any]) -> bool:
    """Tell whether these settings ask for anything."""
    return bool(settings["deadline.seconds"] or settings["deadline.rate_hz"]
                or settings["watchdog.seconds"] or settings["errors.check_finite"]
                or settings["errors.policy"] != STOP)


def read_fault_options(options: Mapping[str, Any], complain: Callable[[str], None]
                       ) -> dict[str, Any]:
    """Return all settings, with those in ``options`` (of a workflow's node) in place.

    What does not fit is told to ``complain``.
    """
    settings = default_fault_settings()
    for group in GROUPS:
        known = [name.partition(".")[2] for name in FAULT_SETTINGS if name.startswith(f"{group}.")]
        entries = options.get(group, {})
        if not isinstance(entries, Mapping):
            complain(f"expected properties.dnne_ros.{group} to be an object with some of "
                     f"{', '.join(known)}, found {entries!r:.40}")
            continue
        for key, value in entries.items():
            if key not in known:
                complain(f"properties.dnne_ros.{group}: unknown entry {key!r:.40}; expected "
                         f"{', '.join(known)}")
                continue
            name = f"{group}.{key}"
            try:
                settings[name] = FAULT_SETTINGS[name].check(value)
            except WidgetError as error:
                complain(f"properties.dnne_ros.{name}: {error}")
    return settings


def fault_options(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options that `read_fault_options` reads ``settings`` from."""
    options: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        if value != FAULT_SETTINGS[name].default:
            group, _, key = name.partition(".")
            options.setdefault(group, {})[key] = value
    return options
