"""What a page asks to be run, checked or exported: a drawing, its file, and its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.drawn_graph import DrawnGraph, check_drawing, file_of
from dnne_ros.editor.run_options import folder_of, given_options, run_option_words
from dnne_ros.graph.without_torch import check_torch
from dnne_ros.options.readings import duration
from dnne_ros.placement.planning import place


@dataclass(frozen=True)
class Asked:
    """A drawing whose graph is sound, and the options that it keeps."""

    drawn: DrawnGraph
    words: list[str]
    duration: float | None
    place: str
    checkpoint: Path | None


def read_asked(body: dict[str, Any], catalogue: Catalogue, folder: Path,
               ros_args: Sequence[str] = ()) -> Asked:
    """Return what the body of a request asks for, which is that of ``/prompt``.

    `InputError` with all that is wrong in the drawing, as ``dnne-ros check`` says it, or else in
    its options.
    """
    extra = body.get("extra_data")
    extra = extra if isinstance(extra, dict) else {}
    drawing, ours = extra.get("extra_pnginfo"), extra.get("dnne_ros")
    drawing = drawing.get("workflow") if isinstance(drawing, dict) else None
    name = ours.get("file") if isinstance(ours, dict) else None
    file = file_of(name if isinstance(name, str) else "", folder)
    drawn = check_drawing(drawing, file, catalogue, ros_args)
    check_torch(drawn.graph)
    given = given_options(drawing)
    words = run_option_words(given, folder)
    placed = next((word.partition("=")[2] for word in words if word.startswith("--place=")), "")
    place(drawn.graph, placed)
    text = str(given.get("duration", "")).strip()
    return Asked(drawn, words, duration(text) if text else None, placed,
                 folder_of(given, "save_checkpoint_dir", folder))
