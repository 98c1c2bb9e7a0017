"""What the editor draws gives the same graph as what it would send to a server.

Drawings are made at random as the editor's menus allow: mutes, bypasses and other modes, reroutes,
subgraphs, values of other nodes, frames, and what versions of the editor save in different ways.
"""

from editor import (
    ALWAYS,
    BYPASS,
    NEVER,
    ON_EVENT,
    ON_TRIGGER,
    STYLES,
    Canvas,
    Circle,
    Item,
    Prompt,
    Slot,
    fits,
    saved,
)
from hypothesis import assume, given, settings, strategies as st

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.workflow.reading import parse_workflow

CATALOGUE = Catalogue()
TYPES = sorted({node_type.type_name for node_type in BUILT_IN})
CONSTANTS = {"PrimitiveInt": ("INT", 7), "PrimitiveFloat": ("FLOAT", 0.25),
             "PrimitiveString": ("STRING", "text"), "PrimitiveBoolean": ("BOOLEAN", True)}


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
        item.mode = draw(st.sampled_from(
            [ALWAYS] * 4 + [NEVER, BYPASS, BYPASS, ON_EVENT, ON_TRIGGER]))
        item.title = draw(st.sampled_from(["", "", "Mine", "PPOAgentNode"]))
        canvas.items.append(item)
    if draw(st.booleans()):
        draw_value_over_reroutes(draw, canvas)
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


def draw_value_over_reroutes(draw, canvas):
    """Lead a value to a widget over one or two reroutes."""
    name = draw(st.sampled_from([*CONSTANTS]))
    type_, value = CONSTANTS[name]
    widgets = [slot for item in canvas.items if item.type in TYPES for slot in item.inputs
               if slot.widget is not None and slot.source is None and fits(slot.type, type_)]
    if not widgets:
        return
    chain = [Item(name, [Slot("value", type_, [value])], [Slot(type_, type_)],
                  seeds=("value",) if type_ in ("INT", "FLOAT") else ())]
    for _ in range(draw(st.integers(1, 2))):
        chain.append(Item("Reroute", [Slot("", "*", source=(chain[-1], 0))], [Slot("", type_)]))
    draw(st.sampled_from(widgets)).source = (chain[-1], 0)
    chain[draw(st.integers(0, len(chain) - 1))].mode = draw(
        st.sampled_from([ALWAYS, ALWAYS, NEVER, BYPASS]))
    canvas.items += chain


def draw_link(draw, canvas, item, slot):
    def is_taken(reroute):
        """Tell whether something hangs on a reroute already: its type has been chosen by that."""
        return any(other.source is not None and other.source[0] is reroute
                   for each in canvas.items for other in each.inputs)

    choice = draw(st.integers(0, 4 if slot.widget is None else 9))
    if choice == 1 and canvas.name:
        canvas.entry.outputs.append(Slot(f"{slot.name} {len(canvas.entry.outputs)}", slot.type,
                                         slot.widget and [slot.widget[0]]))
        slot.source = (canvas.entry, len(canvas.entry.outputs) - 1)
    elif choice >= (1 if slot.widget is None else 7):
        sources = [(other, index) for other in canvas.items
                   for index, output in enumerate(other.outputs)
                   if fits(output.type, slot.type) and may_feed(other, item, slot, is_taken)]
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


def carried(item):
    """Return the node whose value a reroute passes on, that node itself, or None."""
    while item.type == "Reroute" and item.inputs[0].source is not None:
        item = item.inputs[0].source[0]
    return item if gives_value(item) else None


def may_feed(source, target, slot, is_taken):
    value = carried(source)
    if slot.widget is None:
        # The editor refuses to link a PrimitiveNode to a reroute.
        return source.type != "Note" and (value is None or (
            target.type == "Reroute" and value.type != "PrimitiveNode" and not is_taken(target)))
    # In a subgraph's node a PrimitiveNode's value stays outside: a fault of the editor.
    return value is not None and fits(value.outputs[0].type, slot.type) and not (
        value.type == "PrimitiveNode" and target.canvas)


@st.composite
def drawings(draw):
    inner = []
    for number in range(draw(st.integers(0, 3))):
        inner.append(draw(canvases(tuple(inner), name=str(number + 1))))
    return draw(canvases(tuple(inner)))


def read(document):
    workflow, problems = parse_workflow(document, "graph", "graph.json", CATALOGUE.signature)
    nodes = {node.id: (node.type, node.title, CATALOGUE.find(node.type)(node.widgets).values)
             for node in workflow.nodes}
    return nodes, {(str(link.source), str(link.target)) for link in workflow.links}, problems


@settings(max_examples=200)
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
