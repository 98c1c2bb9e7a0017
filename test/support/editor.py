"""A model of ComfyUI's editor: drawings, the UI file that it saves, the prompt that it sends.

The prompt follows the editor's rules (its graphToPrompt), written down here independently.
"""

import json
from dataclasses import dataclass, field

VIRTUAL = ("Reroute", "PrimitiveNode", "Note")
ALWAYS, ON_EVENT, NEVER, ON_TRIGGER, BYPASS = range(5)


@dataclass(eq=False)
class Slot:
    """A socket; ``widget`` holds the value box behind an input, if there is one."""
    name: str
    type: str
    widget: list | None = None
    source: tuple | None = None  # (item, output index)


@dataclass(eq=False)
class Item:
    """A node on a canvas; ``canvas`` is that of a subgraph, which ``door`` items stand for."""

    type: str
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)
    mode: int = ALWAYS
    canvas: "Canvas | None" = None
    seeds: tuple = ()
    id: int = 0
    title: str = ""


@dataclass(eq=False, repr=False)
class Canvas:
    """Items, and for a subgraph its name and its ends: inputs come out of ``entry``."""

    name: str = ""
    items: list = field(default_factory=list)
    entry: Item = None
    exits: list = field(default_factory=list)  # slots whose source is inside

    def __repr__(self):
        """Show the drawing in few words, for a failing example."""
        def ends(slots):
            return ", ".join(f"{slot.name} < {slot.source[0].id}.{slot.source[1]}"
                             for slot in slots if slot.source)
        return f"{self.name} exits ({ends(self.exits)})" + ", ".join(
            f"{item.id} {item.type} mode {item.mode} ({ends(item.inputs)}) {item.canvas or ''}"
            for item in self.items)

    def _repr_pretty_(self, printer, cycle):
        printer.text(repr(self))


def is_off(item):
    """Tell whether an item is muted or bypassed; the other modes mean nothing to a server."""
    return item.mode in (NEVER, BYPASS)


# The editor's rules for a prompt.

class Circle(Exception):
    """Data that is passed on in a circle, which the editor refuses to export."""


def fits(one, other):
    if one in ("", "*") or other in ("", "*"):
        return True
    return bool({*one.lower().split(",")} & {*other.lower().split(",")})


class Prompt:
    """The drawing as a server gets it."""

    def __init__(self, root):
        self.nodes = {}
        self.expand(root, ())
        self.document = {}
        for path, item in self.nodes.values():
            if item.type in VIRTUAL or item.canvas is not None or is_off(item):
                continue
            inputs = {slot.name: slot.widget[0] for slot in item.inputs if slot.widget}
            for index, slot in enumerate(item.inputs):
                found = self.source_of(path, item, index, slot.type, set())
                # A value for a socket without a widget would be an error in both files.
                if found is not None and (isinstance(found, list) or slot.widget is not None):
                    inputs[slot.name] = found
            self.document[self.id(path, item)] = {
                "class_type": item.type, "inputs": inputs, "_meta": {"title": item.title}}

    def expand(self, canvas, path):
        for item in canvas.items:
            self.nodes[self.id(path, item)] = (path, item)
            if item.canvas is not None and not is_off(item):
                self.expand(item.canvas, (*path, item))

    @staticmethod
    def id(path, item):
        return ":".join(str(each.id) for each in (*path, item))

    def source_of(self, path, item, index, type_, passed):
        """Return [node, slot] or a value for an input that ``type_`` is wanted of, else None."""
        if (path, item, index) in passed:
            raise Circle
        passed.add((path, item, index))
        source = item.inputs[index].source
        if source is None:
            return None
        origin, output = source
        host = path[-1] if path else None
        if host is not None and origin is host.canvas.entry:
            if host.inputs[output].source is None:
                return host.inputs[output].widget and host.inputs[output].widget[0]
            return self.source_of(path[:-1], host, output, host.inputs[output].type, passed)
        return self.given_by(path, origin, output, type_, passed)

    def given_by(self, path, item, output, type_, passed):
        if item.mode == NEVER:
            return None
        if item.mode == BYPASS:
            index = self.bypass(item, output, type_)
            if index is None:
                return None
            return self.source_of(path, item, index, item.inputs[index].type, passed)
        if item.canvas is not None:
            return self.given_by((*path, item), *item.canvas.exits[output].source, type_, passed)
        if item.type == "Reroute":
            return self.source_of(path, item, 0, type_, passed)
        return None if item.type == "PrimitiveNode" else [self.id(path, item), output]

    @staticmethod
    def bypass(item, output, type_):
        if not item.inputs:
            return None
        if type_ in ("", "*"):
            return output if output < len(item.inputs) else 0
        good = [fits(slot.type, item.outputs[output].type) and fits(slot.type, type_)
                for slot in item.inputs]
        if output < len(good) and good[output]:
            return output
        same = [index for index, slot in enumerate(item.inputs) if slot.type == type_]
        return next((index for index in (*same, *(i for i, g in enumerate(good) if g))), None)


# Writing the UI file.

# What versions of the editor save in different ways.
STYLES = ["named values", "all widgets", "object links", "links by id", "trailing null",
          "link points", "frames", "proxies"]
SEED_MODES = ("fixed", "increment", "decrement", "randomize")


def saved(root, style):
    subs = {}
    document = saved_canvas(root, style, subs)
    if "frames" in style:
        document["groups"] = [{"id": 1, "title": "Group", "bounding": [0, 0, 500, 300],
                               "color": "#3f789e", "flags": {}}]
    return json.loads(json.dumps({**document, "definitions": {"subgraphs": [*subs.values()]}}))


def saved_canvas(canvas, style, definitions):
    nodes, links = [], []

    def link(source, output, target, slot, type_):
        links.append([len(links) + 1, source, output, target, slot, type_])
        return len(links)

    def source_id(item):
        return -10 if item is canvas.entry else item.id

    for item in canvas.items:
        if item.canvas is not None and item.type not in definitions:
            definitions[item.type] = None
            definitions[item.type] = saved_definition(item.canvas, item.type, style, definitions)
        shown = [slot for slot in item.inputs
                 if "all widgets" in style or slot.widget is None or slot.source is not None]
        entries = []
        for index, slot in enumerate(shown):
            entry = {"name": slot.name, "type": slot.type, "link": None}
            if slot.widget is not None:
                entry["widget"] = {"name": slot.name}
            if slot.source is not None:
                entry["link"] = link(source_id(slot.source[0]), slot.source[1], item.id, index,
                                     slot.type)
            entries.append(entry)
        nodes.append({"id": item.id, "type": item.type, "mode": item.mode, "inputs": entries,
                      "outputs": [{"name": slot.name, "type": slot.type} for slot in item.outputs],
                      **saved_looks(item, style), **saved_values(item, style)})
    for index, slot in enumerate(canvas.exits):
        link(source_id(slot.source[0]), slot.source[1], -20, index, slot.type)
    if "object links" in style:
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        links = [dict(zip(keys, row)) for row in links]
    document = {"nodes": nodes, "links": dict(enumerate(links)) if "links by id" in style
                else links}
    if "link points" in style:
        bend(document, links)
    return document


def bend(document, links):
    """Lead the links over points on the canvas, as newer editors draw reroutes."""
    number = len(links)
    points = [{"id": number + 1, "pos": [5, 5], "linkIds": [each + 1 for each in range(number)]},
              {"id": number + 2, "parentId": number + 1, "pos": [9, 9], "linkIds": [],
               "floating": {"slotType": "output"}}]
    for link in links:
        if isinstance(link, dict):
            link["parentId"] = number + 1
    document["reroutes"] = points
    document["extra"] = {"reroutes": points, "linkExtensions": [
        {"id": each + 1, "parentId": number + 1} for each in range(number)]}
    if number:
        document["floatingLinks"] = [{
            "id": number + 1, "origin_id": document["nodes"][0]["id"], "origin_slot": 0,
            "target_id": -1, "target_slot": -1, "type": "*", "parentId": number + 2}]


def saved_definition(canvas, id_, style, definitions):
    return {"id": id_, "name": canvas.name, "inputNode": {"id": -10}, "outputNode": {"id": -20},
            "inputs": [{"name": slot.name, "type": slot.type} for slot in canvas.entry.outputs],
            "outputs": [{"name": slot.name, "type": slot.type} for slot in canvas.exits],
            **saved_canvas(canvas, style, definitions)}


def saved_looks(item, style):
    """Return what a user changes of a node's looks, which means nothing to a server."""
    looks = {"title": item.title} if item.title else {}
    if "frames" in style:
        looks.update(flags={"collapsed": True, "pinned": True}, color="#322", bgcolor="#533",
                     shape=1, locked=True)
    return looks


def saved_values(item, style):
    if item.type == "PrimitiveNode":
        return {"widgets_values": [item.outputs[0].widget[0], "fixed"]}
    boxes = [slot for slot in item.inputs if slot.widget is not None]
    values = [value for slot in boxes
              for value in (slot.widget[0], *[SEED_MODES[item.id % 4]] * (
                  slot.name in item.seeds))]
    fields = {"widgets_values": [*values, *[None] * ("trailing null" in style)]}
    if "named values" in style and boxes:
        fields["widgets_values_named"] = {slot.name: slot.widget[0] for slot in boxes}
        fields["widgets_values"] = list(reversed(fields["widgets_values"]))
    if "proxies" in style and item.canvas is not None:
        add_proxies(item, boxes, fields)
    return fields


def add_proxies(host, boxes, fields):
    """Show a widget of each node inside on the subgraph's node, as some versions save it."""
    inner = [(node, slot) for node in host.canvas.items for slot in node.inputs
             if slot.widget is not None and slot.source is None and node.canvas is None
             and node.type != "PrimitiveNode"][:3]
    fields["properties"] = {"proxyWidgets": [
        *(["-1", slot.name] for slot in boxes), *([str(node.id), slot.name]
                                                  for node, slot in inner)]}
    fields["widgets_values"] = [*(slot.widget[0] for slot in boxes),
                                *(slot.widget[0] for _, slot in inner)]
