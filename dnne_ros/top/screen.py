"""What the live ``dnne-ros top`` has on its screen: which graph, and from which line on."""

from __future__ import annotations

import time

from rich.console import Group, RenderableType
from rich.text import Text

from dnne_ros.top.state import TopState
from dnne_ros.top.view import show_graph, show_graphs

_PAGE = 10
_STEPS = {"up": -1, "down": 1, "page up": -_PAGE, "page down": _PAGE}


class Screen:
    """Chooses what to show, as keys say."""

    def __init__(self, state: TopState, namespace: str, where: str):
        """Show ``namespace``, or the first graph if that is empty; ``where`` says who is heard."""
        self._state = state
        self._shown = namespace
        self._where = where
        self._scroll = 0
        self._started = time.monotonic()

    def press(self, key: str) -> None:
        """React to a key."""
        if key in _STEPS:
            graph = self._state.graphs.get(self._shown)
            last = max(len(graph.nodes), len(graph.ends)) - 1 if graph else 0
            self._scroll = max(0, min(self._scroll + _STEPS[key], last))
        elif key in ("left", "right") and self._state.graphs:
            names = sorted(self._state.graphs)
            at = names.index(self._shown) if self._shown in names else -1
            self._shown = names[(at + (1 if key == "right" else -1)) % len(names)]
            self._scroll = 0

    def render(self, height: int) -> RenderableType:
        """Return what to show in ``height`` lines."""
        now = time.monotonic()
        self._state.forget(now)
        graphs = self._state.graphs
        if not self._shown and graphs:
            self._shown = min(graphs)
        keys = "q leave   ↑ ↓ scroll" + ("   ← → other graph" if len(graphs) > 1 else "")
        footer = Text(keys, style="dim")
        others = [show_graphs(sorted(graphs), self._shown)] \
            if len(graphs) > 1 or (graphs and self._shown not in graphs) else []
        if self._shown not in graphs:
            what = self._shown or "a graph"
            return Group(*others, Text(f"waiting for {what} {self._where} … "
                                       f"{now - self._started:.0f} s"), footer)
        graph = graphs[self._shown]
        return Group(*others, show_graph(graph, now, height - 1 - len(others), self._scroll),
                     footer)
