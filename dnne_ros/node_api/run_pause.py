"""A run that others may let stand still: the parameter ``run.paused`` of each of its nodes."""

from __future__ import annotations

from collections.abc import Collection

from dnne_ros.node_api.widget import Widget, WidgetError

PAUSED = "run.paused"
"""The parameter.  It is the run's: set at one node, it is set at all, in every process."""


def check_pause(setting: Widget, paused: bool) -> None:
    """Raise `WidgetError` if a run is to begin ``paused`` that cannot be so."""
    if paused and not setting.live:
        raise WidgetError(f"expected false, found true: {setting.fixed_because}")


def pause_setting(acting: Collection[str]) -> Widget:
    """Return what the parameter is like in a graph whose nodes ``acting`` act outside of it.

    Such a graph does not stand still: what is on its way to them would be obeyed when it goes on,
    minutes later.
    """
    return Widget(False, "The whole run stands still: no node takes an item or gives one. It is "
                  "the same at all nodes of the run.", live=not acting,
                  fixed_because=f"{', '.join(acting)} would obey what is on its way when the run "
                  "goes on; run it with --lifecycle, and deactivate it")
