"""What the editor draws gives the same graph as what it would send to a server.

The model below draws as the editor's menus allow (mutes, bypasses, reroutes, subgraphs, values of
other nodes), writes the UI file, and makes a prompt of the drawing by the editor's own rules.
"""

import json
from dataclasses import dataclass, field

from hypothesis import assume, given, settings, strategies as st

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.workflow.reading import parse_workflow

CATALOGUE = Catalogue()
TYPES = sorted({node_type.type_name for node_type in BUILT_IN})
CONSTANTS = {"PrimitiveInt": ("INT", 7), "PrimitiveFloat": ("FLOAT", 0.25),
             "PrimitiveString": ("STRING", "text"), "PrimitiveBoolean": ("BOOLEAN", True)}
VIRTUAL = ("Reroute", "PrimitiveNode", "Note")
ALWAYS, NEVER, BYPASS = 0, 2, 4


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
            if item.type in VIRTUAL or item.canvas is not None or item.mode != ALWAYS:
                continue
            inputs = {slot.name: slot.widget[0] for slot in item.inputs if slot.widget}
            for index, slot in enumerate(item.inputs):
                found = self.source_of(path, item, index, slot.type, set())
                # A value for a socket without a widget would be an error in both files.
                if found is not None and (isinstance(found, list) or slot.widget is not None):
                    inputs[slot.name] = found
            self.document[self.id(path, item)] = {"class_type": item.type, "inputs": inputs}

    def expand(self, canvas, path):
        for item in canvas.items:
            self.nodes[self.id(path, item)] = (path, item)
            if item.canvas is not None and item.mode == ALWAYS:
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
STYLES = ["named values", "all widgets", "object links", "links by id", "trailing null"]


def saved(root, style):
    subs = {}
    document = saved_canvas(root, style, subs)
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
                      **saved_values(item, style)})
    for index, slot in enumerate(canvas.exits):
        link(source_id(slot.source[0]), slot.source[1], -20, index, slot.type)
    if "object links" in style:
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        links = [dict(zip(keys, row)) for row in links]
    return {"nodes": nodes, "links": dict(enumerate(links)) if "links by id" in style else links}


def saved_definition(canvas, id_, style, definitions):
    return {"id": id_, "name": canvas.name, "inputNode": {"id": -10}, "outputNode": {"id": -20},
            "inputs": [{"name": slot.name, "type": slot.type} for slot in canvas.entry.outputs],
            "outputs": [{"name": slot.name, "type": slot.type} for slot in canvas.exits],
            **saved_canvas(canvas, style, definitions)}


def saved_values(item, style):
    if item.type == "PrimitiveNode":
        return {"widgets_values": [item.outputs[0].widget[0], "fixed"]}
    boxes = [slot for slot in item.inputs if slot.widget is not None]
    values = [value for slot in boxes
              for value in (slot.widget[0], *["fixed"] * (slot.name in item.seeds))]
    fields = {"widgets_values": [*values, *[None] * ("trailing null" in style)]}
    if "named values" in style and boxes:
        fields["widgets_values_named"] = {slot.name: slot.widget[0] for slot in boxes}
        fields["widgets_values"] = list(reversed(fields["widgets_values"]))
    return fields


# Drawing at random.

def catalogue_item(name):
    signature = CATALOGUE.signature(name)
    node_type = CATALOGUE.find(name)
    item = Item(name)
    item.inputs = [Slot(port.name, port.type) for port in signature.inputs]
    item.inputs += [Slot(widget.name, widget.type, [node_type.widgets[widget.name].default])
                    for widget in signature.widgets]
    item.outputs = [Slot(port.name, port.type) for port in signature.outputs]
    item.seeds = tuple(widget.name for widget in signature.widgets if widget.is_seed)
    return item


def plain_item(draw):
    kind = draw(st.sampled_from(["type"] * 5 + ["Reroute"] * 2 + ["value", "Note"]))
    if kind == "type":
        return catalogue_item(draw(st.sampled_from(TYPES)))
    if kind == "Reroute":
        return Item("Reroute", [Slot("", "*")], [Slot("", "*")])
    if kind == "Note":
        return Item("Note")
    name = draw(st.sampled_from([*CONSTANTS, "PrimitiveNode"]))
    if name == "PrimitiveNode":
        return Item(name, [], [Slot("connect to widget input", "*", [None])])
    type_, value = CONSTANTS[name]
    return Item(name, [Slot("value", type_, [value])], [Slot(type_, type_)],
                seeds=("value",) if type_ in ("INT", "FLOAT") else ())


def host_item(draw, canvas):
    inputs = [Slot(slot.name, slot.type, slot.widget and [
        draw(st.sampled_from([slot.widget[0], 3]))]) for slot in canvas.entry.outputs]
    return Item(f"00000000-0000-4000-8000-{canvas.name:>012}", inputs,
                [Slot(slot.name, slot.type) for slot in canvas.exits], canvas=canvas)


def gives_value(item):
    return item.type in CONSTANTS or item.type == "PrimitiveNode"


@st.composite
def canvases(draw, inner=(), name=""):
    canvas = Canvas(name)
    if not name:
        # A graph needs a node that runs, and a link that is not of slot 0: where all are, the
        # file may be one whose slots were lost, and is repaired.
        world, merge = catalogue_item("IsaacGymEnvNode"), catalogue_item("ORNode")
        merge.inputs[0].source = (world, 1)
        canvas.items += [world, merge]
    for _ in range(draw(st.integers(1, 7))):
        item = host_item(draw, draw(st.sampled_from(inner))) \
            if inner and draw(st.integers(0, 2)) == 0 else plain_item(draw)
        item.mode = draw(st.sampled_from([ALWAYS] * 4 + [NEVER, BYPASS, BYPASS]))
        canvas.items.append(item)
    for item, id_ in zip(canvas.items, draw(st.permutations(range(1, len(canvas.items) + 1)))):
        item.id = id_
    canvas.entry = Item("entry")
    for item in canvas.items:
        for slot in item.inputs:
            if slot.source is None:
                draw_link(draw, canvas, item, slot)
    if name:
        ends = [(item, index) for item in canvas.items if not gives_value(item)
                for index in range(len(item.outputs))]
        for number, (item, index) in enumerate(ends[:draw(st.integers(0, 3))]):
            canvas.exits.append(Slot(f"out {number}", item.outputs[index].type,
                                     source=(item, index)))
    return canvas


def draw_link(draw, canvas, item, slot):
    choice = draw(st.integers(0, 4 if slot.widget is None else 9))
    if choice == 1 and canvas.name:
        canvas.entry.outputs.append(Slot(f"{slot.name} {len(canvas.entry.outputs)}", slot.type,
                                         slot.widget and [slot.widget[0]]))
        slot.source = (canvas.entry, len(canvas.entry.outputs) - 1)
    elif choice >= (1 if slot.widget is None else 7):
        sources = [(other, index) for other in canvas.items
                   for index, output in enumerate(other.outputs)
                   if fits(output.type, slot.type) and may_feed(other, item, slot)]
        if item.type == "Reroute" or gives_value(item):
            # No circles of these alone: the editor cuts the one, a server refuses the other.
            sources = [end for end in sources if (end[0].type != "Reroute"
                       and not gives_value(end[0]))
                       or canvas.items.index(end[0]) < canvas.items.index(item)]
        if sources:
            slot.source = draw(st.sampled_from(sources))
    if slot.source is not None and slot.source[0].type == "PrimitiveNode":
        # The editor writes the value into each widget that is linked to the node.
        box = slot.source[0].outputs[0]
        if box.widget[0] is None:
            box.type, box.widget[0] = slot.type, slot.widget[0]
        slot.widget[0] = box.widget[0]


def may_feed(source, target, slot):
    if slot.widget is None:
        return not gives_value(source) and source.type != "Note"
    # In a subgraph's node a PrimitiveNode's value stays outside: a fault of the editor.
    return gives_value(source) and not (source.type == "PrimitiveNode" and target.canvas)


@st.composite
def drawings(draw):
    inner = []
    for number in range(draw(st.integers(0, 3))):
        inner.append(draw(canvases(tuple(inner), name=str(number + 1))))
    return draw(canvases(tuple(inner)))


def read(document):
    workflow, problems = parse_workflow(document, "graph", "graph.json", CATALOGUE.signature)
    nodes = {node.id: (node.type, CATALOGUE.find(node.type)(node.widgets).values)
             for node in workflow.nodes}
    return nodes, {(str(link.source), str(link.target)) for link in workflow.links}, problems


@settings(max_examples=150)
@given(root=drawings(), style=st.sets(st.sampled_from(STYLES)))
def test_a_drawing_and_its_prompt_are_the_same_graph(root, style):
    try:
        prompt = Prompt(root).document
    except Circle:
        assume(False)
    ui_nodes, ui_links, ui_problems = read(saved(root, style))
    api_nodes, api_links, api_problems = read(prompt)
    # A bypassed node may pass the value of a PrimitiveInt to a port: both files say so.
    assert {*map(str, ui_problems)} == {*map(str, api_problems)}
    assert ui_nodes == api_nodes
    assert ui_links == api_links
