"""The settings that ComfyUI's front end starts with, and those that a person may not change.

It asks for them as one object, and sends back what a person changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dnne_ros.graph.drawing import type_color

_PALETTE = "dnne_ros"
_SEPARATOR = ","

# What keeps values and privacy as they are; a person's own settings come behind these.
_FIXED: Mapping[str, Any] = {
    "Comfy.DisableFloatRounding": True,
    "Comfy.Workflow.NamedValuesRestore": True,
    "Comfy.Notification.ShowVersionUpdates": False,
    "Comfy.TutorialCompleted": True,
    "Comfy.Workflow.ShowMissingModelsWarning": False,
    "Comfy.Validation.Workflows": False,
}
_FIRST: Mapping[str, Any] = {
    "Comfy.UseNewMenu": "Top",
    "Comfy.Workflow.Persist": True,
    "Comfy.Workflow.SortNodeIdOnSave": False,
    "Comfy.InstalledVersion": "1.58.1",
    "Comfy.Release.Status": "what's new seen",
    "Comfy.ColorPalette": _PALETTE,
    "Comfy.NodeBadge.NodeSourceBadgeMode": "None",
}


def front_end_settings(types: Iterable[str], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings: ours first, what a person has ``changed``, and what is fixed.

    ``types`` are the names of all types that ports have, joint ones too: each has the colour that
    it has in ``dnne-ros graph``.
    """
    palettes = changed.get("Comfy.CustomColorPalettes")
    own = palettes if isinstance(palettes, dict) else {}
    return {**_FIRST, **changed, **_FIXED,
            "Comfy.CustomColorPalettes": {**own, _PALETTE: _palette(types)}}


def _palette(types: Iterable[str]) -> dict[str, Any]:
    """Return a palette of colours; the front end knows none for types of other programs."""
    return {"id": _PALETTE, "name": "dnne_ros", "colors": {
        "node_slot": {name: type_color(name.partition(_SEPARATOR)[0]) for name in sorted(types)},
        "litegraph_base": {}, "comfy_base": {}}}
