"""The state of a run and its items, in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_BARS = " ▁▂▃▄▅▆▇█"


def state_lines(state: Mapping[str, Any]) -> Iterator[str]:
    """Say how a run stands, where it is to stop, and which items are at hand."""
    yield f"{state['graph']}: {how_it_stands(state)}"
    for name in state["others"]:
        yield f"  also debugged by {name}"
    for service in state.get("silent", ()):
        yield f"  no answer of {service}"
    for each in state["breakpoints"]:
        kind = "breakpoint" if each["stops"] else "watchpoint"
        condition = f" if {each['condition']}" if each["condition"] else ""
        last = "" if each["last"] is None else f", the last at item {each['last']}"
        held = f"held {each['hits']} times{last}"
        yield f"  {kind} {each['id']}: {each['place']}{condition} ({held})"
        if each["trouble"]:
            yield f"    could not be asked of {each['trouble']}"
    for item in state["held"]:
        yield f"  at hand: {where(item)}"


def how_it_stands(state: Mapping[str, Any]) -> str:
    """Return whether it is paused and why, or until when it goes on."""
    if state["paused"]:
        return f"paused by {state['why'] or 'the parameter run.paused'}"
    if state["until"] == "step":
        where = f" at {state['place']}" if state["place"] else ""
        items = "the next item" if state["steps"] == 1 else f"{state['steps']} more items"
        return f"goes on until {items}{where}"
    return "goes on until the next boundary" if state["until"] else "goes on"


def where(item: Mapping[str, Any]) -> str:
    """Return ``item 17 at step/reward → trainer/reward``."""
    port = f"{item['node']}/{item['port']}"
    arrow = item["edge"] or (f"{port} →" if item["direction"] == "output" else f"→ {port}")
    return f"item {item['number']} at {arrow}"


def item_lines(item: Mapping[str, Any]) -> Iterator[str]:
    """Show an item."""
    yield where(item) + (f" ({item['why']})" if item["why"] else "")
    yield from _view_lines(item["view"], "  ")


def _view_lines(view: Mapping[str, Any], indent: str) -> Iterator[str]:
    kind = view["kind"]
    if "shape" in view:
        shape = "×".join(map(str, view["shape"])) or "scalar"
        device = f" on {view['device']}" if "device" in view else ""
        yield f"{indent}{kind} {view['dtype']} {shape}{device}"
        yield from _number_lines(view, indent)
    else:
        text = "" if "parts" in view else view.get("text", "")
        yield indent + (text if text == "None" else f"{kind} {text}".rstrip())
    for name, part in view.get("parts", {}).items():
        yield f"{indent}{name}:"
        yield from _view_lines(part, f"{indent}  ")


def _number_lines(view: Mapping[str, Any], indent: str) -> Iterator[str]:
    if "min" in view:
        yield (f"{indent}from {_short(view['min'])} to {_short(view['max'])}, mean "
               f"{_short(view['mean'])}, deviation {_short(view['std'])}")
    if view.get("nan") or view.get("inf"):
        yield f"{indent}{view['nan']} NaN, {view['inf']} infinite, of {view['size']}"
    if "histogram" in view:
        histogram = view["histogram"]
        most = max(histogram["counts"]) or 1
        bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // most)]
                       for count in histogram["counts"])
        yield f"{indent}{_short(histogram['low'])} {bars} {_short(histogram['high'])}"
    more = " …" if len(view["values"]) < view["size"] else ""
    yield f"{indent}[{', '.join(map(_short, view['values']))}{more}]"
    if "picture" in view:
        picture = view["picture"]
        yield f"{indent}a picture; a browser shows it ({picture['width']}×{picture['height']})"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
