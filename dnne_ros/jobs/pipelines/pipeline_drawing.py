"""A picture of a pipeline: its stages in a row, and the routes between them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from dnne_ros.jobs.pipelines.pipeline_file import Plan

_WIDTH, _HEIGHT, _GAP, _MARGIN = 180.0, 64.0, 70.0, 30.0
_ARC = 36.0
_PASS, _FAIL = "#2f9e77", "#d6584c"
_STYLE = """
text { font-family: "DejaVu Sans", "Segoe UI", sans-serif; font-size: 11px; fill: #1f2933 }
.title { font-weight: bold; font-size: 13px }
"""


def draw_pipeline(plan: Plan, times: Mapping[str, int]) -> str:
    """Return an SVG; routes of a pass are above, those of a failure below.

    ``times``: how often each stage has run, for one that is under way.
    """
    places = {name: _MARGIN + index * (_WIDTH + _GAP) for index, name in enumerate(plan.stages)}
    span = len(places) + 1
    top = _MARGIN + span * _ARC
    width = len(places) * (_WIDTH + _GAP) - _GAP + 2 * _MARGIN
    svg = ElementTree.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "width": f"{width:g}",
        "height": f"{2 * top + _HEIGHT:g}"})
    ElementTree.SubElement(svg, "style").text = _STYLE
    for name, stage in plan.stages.items():
        x = places[name]
        ElementTree.SubElement(svg, "rect", {
            "x": f"{x:g}", "y": f"{top:g}", "width": f"{_WIDTH:g}", "height": f"{_HEIGHT:g}",
            "rx": "6", "fill": "#e6f2ee" if times.get(name) else "#f5f7fa", "stroke": "#7b8794"})
        ran = f"run {times.get(name, 0)} of {stage.at_most} times"
        for row, (text, kind) in enumerate((
                (name, "title"), (str(stage.when or stage.spec.task.title), ""), (ran, ""))):
            label = ElementTree.SubElement(svg, "text", {
                "x": f"{x + 10:g}", "y": f"{top + 18 + 18 * row:g}", "class": kind})
            label.text = text
        for other, color in ((stage.passed, _PASS), (stage.failed, _FAIL)):
            if other:
                _route(svg, places[name], places[other], top, color)
    ElementTree.indent(svg)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def _route(svg: ElementTree.Element, start: float, end: float, top: float, color: str) -> None:
    above = color == _PASS
    edge = top if above else top + _HEIGHT
    reach = _ARC * max(1.0, abs(end - start) / (_WIDTH + _GAP))
    level = edge - reach if above else edge + reach
    # Where several arrive, those from the left and from the right end apart.
    left, right = start + _WIDTH * 0.6, end + _WIDTH * (0.35 if end > start else 0.8)
    ElementTree.SubElement(svg, "path", {
        "d": f"M {left:g} {edge:g} C {left:g} {level:g} {right:g} {level:g} {right:g} {edge:g}",
        "fill": "none", "stroke": color, "stroke-width": "1.5"})
    ElementTree.SubElement(svg, "circle", {
        "cx": f"{right:g}", "cy": f"{edge:g}", "r": "4", "fill": color})
