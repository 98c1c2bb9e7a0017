"""A picture of the graph, on the user's own canvas: types, policies, processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from dnne_ros.graph.graph import Edge, Graph, GraphNode
from dnne_ros.workflow.records import PortRef

_WIDTH = 240.0
_HEADER = 44.0
_ROW = 20.0
_MARGIN = 60.0
_GAP = 100.0
_LEGEND_ROW = 18.0
_STUB = 40.0

_TYPE_COLORS = {
    "TENSOR": "#4c8dd6", "ACTION": "#d6584c", "POLICY_OUTPUT": "#9a5fd0", "MODEL": "#c98a1b",
    "SYNC": "#6b7280", "DICT": "#2f9e77", "SIM_HANDLE": "#8d6e52", "IMAGE": "#3ba7b8",
    "FLOAT": "#5b9e3a", "INT": "#5b9e3a", "BOOLEAN": "#5b9e3a", "STRING": "#5b9e3a",
    "JOINT_STATE": "#d08a2f",
}
_PROCESS_COLORS = ("#1f6f54", "#2b4c8a", "#8a3d2b", "#6a2b8a", "#8a6d1b", "#2b7d8a", "#5c5c5c")
_STYLE = """
text { font-family: "DejaVu Sans", "Segoe UI", sans-serif; font-size: 11px; fill: #1f2933 }
.title { font-weight: bold; font-size: 12px; fill: #ffffff }
.name { font-size: 10px; fill: #e4e7eb }
.policy { font-size: 9px; fill: #52606d; text-anchor: end }
.halo { font-size: 9px; text-anchor: end; stroke: #f5f7fa; stroke-width: 3px }
.frame { font-size: 14px; fill: #7b8794 }
"""


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


def draw(graph: Graph, process_of: Mapping[str, str]) -> str:
    """Return an SVG picture of ``graph``; ``process_of`` gives each node's process by id.

    Nodes keep the positions of the user's canvas.  Those without one stand below in a row.
    Solid edges stay inside a process, dashed ones cross to another, and dotted ones
    were not drawn but follow from another link.  A short dashed line comes from a topic of another
    ROS node.
    """
    return _Drawing(graph, process_of).render()


class _Drawing:
    def __init__(self, graph: Graph, process_of: Mapping[str, str]):
        self.graph = graph
        self.process_of = process_of
        processes = list(dict.fromkeys(process_of[node] for node in graph.nodes))
        self.colors = {process: _PROCESS_COLORS[i % len(_PROCESS_COLORS)]
                       for i, process in enumerate(processes)}
        self.boxes = self._place()

    def _place(self) -> dict[str, _Box]:
        boxes = {}
        for node in self.graph.nodes.values():
            if node.position is not None:
                width = max((node.size or (_WIDTH, 0))[0], _WIDTH)
                boxes[node.id] = _Box(*node.position, width, self._height(node))
        x = min((box.x for box in boxes.values()), default=0.0)
        y = max((box.y + box.height for box in boxes.values()), default=-_GAP) + _GAP
        for node in self.graph.nodes.values():
            if node.id not in boxes:
                boxes[node.id] = _Box(x, y, _WIDTH, self._height(node))
                x += _WIDTH + _GAP
        return boxes

    @staticmethod
    def _height(node: GraphNode) -> float:
        return _HEADER + _ROW * max(len(node.type.inputs), len(node.type.outputs), 1) + 8

    def render(self) -> str:
        left = min(box.x for box in self.boxes.values()) - _MARGIN
        top = min(box.y for box in self.boxes.values()) - _MARGIN
        right = max(box.x + box.width for box in self.boxes.values()) + _MARGIN
        bottom = max(box.y + box.height for box in self.boxes.values()) + _MARGIN
        legend = _LEGEND_ROW * (len(self.colors) + 1)
        size = (right - left, bottom - top + legend)
        svg = ElementTree.Element("svg", {
            "xmlns": "http://www.w3.org/2000/svg", "width": f"{size[0]:.0f}",
            "height": f"{size[1]:.0f}",
            "viewBox": f"{left:.1f} {top:.1f} {size[0]:.1f} {size[1]:.1f}"})
        _add(svg, "title", text=_printable(self.graph.name))
        _add(svg, "style", text=_STYLE)
        _add(svg, "rect", x=left, y=top, width=size[0], height=size[1], fill="#f5f7fa")
        for group in self.graph.groups:
            x, y, width, height = group.bounds
            _add(svg, "rect", x=x, y=y, width=width, height=height, rx=6, fill="#e4e7eb",
                 opacity=0.6)
            _add(svg, "text", _printable(group.title), x=x + 8, y=y + 18, **{"class": "frame"})
        for edge in self.graph.edges:
            self._edge(svg, edge)
        for ref in self.graph.external:
            self._external(svg, ref)
        for node in self.graph.nodes.values():
            self._node(svg, node)
        self._legend(svg, left + _MARGIN, bottom - _MARGIN / 2)
        return ElementTree.tostring(svg, encoding="unicode") + "\n"

    def _node(self, svg: ElementTree.Element, node: GraphNode) -> None:
        box = self.boxes[node.id]
        color = self.colors[self.process_of[node.id]]
        _add(svg, "rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=6,
             fill="#ffffff", stroke=color, stroke_width=2)
        _add(svg, "rect", x=box.x, y=box.y, width=box.width, height=_HEADER - 8, rx=6, fill=color)
        title = _printable(node.title or node.type.type_name)
        _add(svg, "text", _fit(title, box.width, 7.6), x=box.x + 10, y=box.y + 15,
             **{"class": "title"})
        _add(svg, "text", _fit(f"/{self.graph.namespace}/{node.ros_name}", box.width, 6.2),
             x=box.x + 10, y=box.y + 29, **{"class": "name"})
        for ports, side in ((node.type.inputs, 0.0), (node.type.outputs, box.width)):
            for port in ports.values():
                x, y = self._port(PortRef(node.id, port.name), output=side > 0)
                port_type = self.graph.output_types.get(PortRef(node.id, port.name), port.type) \
                    if side else port.type
                dot = _add(svg, "circle", cx=x, cy=y, r=4.5, fill=type_color(port_type.name))
                _add(dot, "title", text=f"{port.name}: {port_type}. {port.doc}")
                _add(svg, "text", port.name, x=x + (-9 if side else 9), y=y + 4,
                     text_anchor="end" if side else "start")

    def _port(self, ref: PortRef, *, output: bool) -> tuple[float, float]:
        node = self.graph.nodes[ref.node]
        box = self.boxes[ref.node]
        ports = list(node.type.outputs if output else node.type.inputs)
        y = box.y + _HEADER + _ROW * ports.index(ref.port) + 6
        return (box.x + box.width if output else box.x), y

    def _edge(self, svg: ElementTree.Element, edge: Edge) -> None:
        (x1, y1), (x2, y2) = self._port(edge.source, output=True), self._port(
            edge.target, output=False)
        crosses = self.process_of[edge.source.node] != self.process_of[edge.target.node]
        pattern = {"stroke_dasharray": "1.5 4"} if edge.implied else (
            {"stroke_dasharray": "8 4"} if crosses else {})
        line = _add(svg, "path", d=self._curve(edge, x1, y1, x2, y2), fill="none",
                    stroke=type_color(edge.type.name), stroke_width=2, stroke_linecap="round",
                    **pattern)
        where = "between processes" if crosses else "local"
        _add(line, "title", text=f"{self.graph.edge_name(edge)}: {edge.type}, "
             f"{edge.policy.value}, capacity {edge.capacity}, {where}")
        # At the input, which has this one edge only: labels never lie on each other.
        for style in ("halo", "policy"):
            _add(svg, "text", f"{edge.type.name} · {edge.policy.value}", x=x2 - 8, y=y2 - 4,
                 **{"class": style})

    def _external(self, svg: ElementTree.Element, ref: PortRef) -> None:
        x, y = self._port(ref, output=False)
        port_type = self.graph.nodes[ref.node].type.inputs[ref.port].type
        line = _add(svg, "path", d=f"M{x - _STUB:.1f},{y:.1f} L{x:.1f},{y:.1f}", fill="none",
                    stroke=type_color(port_type.name), stroke_width=2, stroke_dasharray="8 4")
        _add(line, "title", text=f"topic {self.graph.topic(ref)}: {port_type}, external")
        for style in ("halo", "policy"):
            _add(svg, "text", f"{port_type.name} · topic", x=x - 8, y=y - 4, **{"class": style})

    def _curve(self, edge: Edge, x1: float, y1: float, x2: float, y2: float) -> str:
        """Return the path of an edge; one that leads back to the left passes below its nodes."""
        if x2 > x1:
            bend = max(50.0, (x2 - x1) / 2)
            return (f"M{x1:.1f},{y1:.1f} C{x1 + bend:.1f},{y1:.1f} {x2 - bend:.1f},{y2:.1f} "
                    f"{x2:.1f},{y2:.1f}")
        boxes = self.boxes[edge.source.node], self.boxes[edge.target.node]
        below = max(box.y + box.height for box in boxes) + 24 + 8 * (
            self.graph.edges.index(edge) % 5)
        return (f"M{x1:.1f},{y1:.1f} C{x1 + 70:.1f},{y1:.1f} {x1 + 70:.1f},{below:.1f} "
                f"{x1 - 30:.1f},{below:.1f} L{x2 + 30:.1f},{below:.1f} "
                f"C{x2 - 70:.1f},{below:.1f} {x2 - 70:.1f},{y2:.1f} {x2:.1f},{y2:.1f}")

    def _legend(self, svg: ElementTree.Element, x: float, y: float) -> None:
        for process, color in self.colors.items():
            _add(svg, "rect", x=x, y=y, width=12, height=12, rx=3, fill=color)
            _add(svg, "text", f"process {process}", x=x + 18, y=y + 10)
            y += _LEGEND_ROW
        _add(svg, "text", "solid: inside a process   dashed: between processes   "
             "dotted: implied by another link", x=x, y=y + 10)


def _add(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: object
         ) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, {
        name.replace("_", "-"): f"{value:.1f}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()})
    element.text = text
    return element


def type_color(type_name: str) -> str:
    """Return the colour in which edges of a port type are drawn."""
    return _TYPE_COLORS.get(type_name, "#9aa5b1")


def _fit(text: str, width: float, letter: float) -> str:
    room = int((width - 16) / letter)
    return text if len(text) <= room else text[:room - 1] + "…"


def _printable(text: str) -> str:
    """Return ``text`` without the characters that XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)
