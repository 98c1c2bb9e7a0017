"""The format that is sent to a server: nodes by id, each input by name with its value or link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.constants import CONSTANTS, VALUE, constant_signature
from dnne_ros.workflow.foreign import DISPLAY_ONLY, LABELS, why_not_a_type
from dnne_ros.workflow.node_head import NodeHead, read_id, read_slot
from dnne_ros.workflow.records import OPTIONS, LinkRecord, NodeRecord, PortRef, Workflow
from dnne_ros.workflow.residue import note
from dnne_ros.workflow.shown import listed, shown
from dnne_ros.workflow.signature import NodeSignature, PortSignature, SignatureLookup
from dnne_ros.workflow.slot_repair import SlotLink, repair_slots
from dnne_ros.workflow.ui_widgets import is_meaningless
from dnne_ros.workflow.unknown_names import meant_by

# API files carry no port types, so the dead type is known by the name its ports had.
DEAD_INPUT = "context"


def is_api_format(document: Any) -> bool:
    """Tell whether a JSON value looks like a graph in the API format."""
    return isinstance(document, dict) and any(
        isinstance(entry, dict) and "class_type" in entry for entry in document.values())


def parse_api(document: Mapping[str, Any], name: str, path: str, signature_of: SignatureLookup,
              problems: Problems,
              true_sources: Mapping[PortRef, PortRef] | None = None) -> Workflow:
    """Return what an API file says; what is wrong goes to ``problems``.

    ``true_sources`` gives the source of each input as the UI file of the same graph has it, for
    files whose slots have collapsed to 0 (see `slot_repair`).
    """
    nodes = _read_nodes(document, signature_of, problems)
    found = _Found(document, nodes, problems)
    for node in nodes.values():
        found.read_inputs(node, document[node.id].get("inputs"))
    found.set_linked_widgets()
    links = list(found.links.values())
    # Links that are left out count too: a file with any other slot in it has not collapsed.
    if not any(found.slots):
        links = repair_slots(links, true_sources or {}, problems)
    records = tuple(record for link in links
                    for record in [_link_record(link, found, problems)] if record is not None)
    fed = {record.target for record in records}
    return Workflow(
        name=name, path=path, links=records,
        nodes=tuple(NodeRecord(node.id, node.type, node.title, found.widgets[node.id],
                               options=_options(node, document[node.id], problems),
                               declared=node.declared)
                    for node in nodes.values() if not is_constant(node)),
        cut=dict.fromkeys((place for place in found.drawn if place not in fed), ""))


def _read_nodes(document: Mapping[str, Any], signature_of: SignatureLookup,
                problems: Problems) -> dict[str, NodeHead]:
    nodes = {}
    for id_, entry in document.items():
        type_ = entry.get("class_type") if isinstance(entry, dict) else None
        if not isinstance(type_, str) or not type_:
            problems.add("expected an object with a class_type (text), found "
                         + shown(type_ if isinstance(entry, dict) else entry), node=str(id_))
            continue
        if type_ in DISPLAY_ONLY | LABELS:
            continue
        meta = entry.get("_meta")
        title = meta.get("title") if isinstance(meta, dict) else None
        signature = signature_of(type_) or constant_signature(type_, signature_of)
        if signature is not None and isinstance(entry.get("inputs"), dict):
            signature = signature.meant_by(entry["inputs"])
        head = NodeHead(id_, type_, title if isinstance(title, str) else "", signature)
        reason = why_not_a_type(type_) if head.signature is None else None
        if reason is None:
            nodes[id_] = head
        else:
            head.report(problems, reason)
    return nodes


def _options(node: NodeHead, entry: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    options = entry.get(OPTIONS, {})
    if isinstance(options, dict):
        return options
    node.report(problems, f"expected {OPTIONS} to be an object, found {shown(options)}")
    return {}


def _unwrapped(value: Any) -> Any:
    """Return a value out of the object in which the editor sends a list: it is no link."""
    if isinstance(value, dict) and value.keys() == {"__value__"}:
        return value["__value__"]
    return value


@dataclass
class _Found:
    """What the inputs of the nodes hold, as they are read one by one.

    ``drawn`` are the ports for which the file gives something, be it right or wrong.
    """

    document: Mapping[str, Any]
    nodes: Mapping[str, NodeHead]
    problems: Problems
    links: dict[PortRef, SlotLink] = field(default_factory=dict)
    widgets: dict[str, dict[str, Any]] = field(default_factory=dict)
    widget_links: dict[tuple[str, str], str] = field(default_factory=dict)
    slots: list[int] = field(default_factory=list)
    drawn: dict[PortRef, None] = field(default_factory=dict)

    def read_inputs(self, node: NodeHead, inputs: Any) -> None:
        """Sort the inputs of ``node`` into links and widgets."""
        self.widgets[node.id] = {}
        if not isinstance(inputs, dict):
            if inputs is not None:
                node.report(self.problems, f"expected inputs to be an object, found "
                                           f"{shown(inputs)}")
                # Nobody knows which of them it gives.
                ports = node.signature.inputs if node.signature is not None else ()
                self.drawn |= {PortRef(node.id, port.name): None for port in ports}
            return
        for name, given in inputs.items():
            end = _read_end(given)
            value = _unwrapped(given)
            if end is not None:
                self.slots.append(end[1])
            if node.signature is None:
                if end is not None:
                    self._add_link(node, name, end)
            elif node.signature.input(name) is not None:
                self._read_port(node, node.signature, name, value, end)
            elif node.signature.widget(name) is not None:
                if end is None and value is not None:
                    self.widgets[node.id][name] = value
                elif end is not None:
                    self.widget_links[node.id, name] = end[0]
            elif node.signature.own_ports and end is not None:
                self._add_link(node, name, end)
            elif not _is_ignored(name, value, end, node.signature):
                self._tell_unknown(node, node.signature, name, end is not None, inputs)

    def _tell_unknown(self, node: NodeHead, signature: NodeSignature, name: str, is_link: bool,
                      given: Mapping[str, Any]) -> None:
        """Report a name that means nothing, or note that its value is left from an older type."""
        ports = [port.name for port in signature.inputs]
        widgets = [widget.name for widget in signature.widgets]
        message = (f"{node.type} has no input or widget {shown(name)}; its inputs are: "
                   f"{listed(ports)}; its widgets are: {listed(widgets)}")
        meant = meant_by(name, [*ports, *widgets], given)
        if meant or is_link or name == DEAD_INPUT:
            hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
            node.report(self.problems, message + hint, port=name)
        else:
            note(self.problems, f"{node}: {message}; its value is ignored")

    def _read_port(self, node: NodeHead, signature: NodeSignature, name: str, value: Any,
                   end: tuple[str, int] | None) -> None:
        if end is not None:
            port = signature.input(name)
            self._add_link(node, port.name if port else name, end)
        elif value is not None:
            self.drawn[PortRef(node.id, name)] = None
            found = f"{value!r:.60}" if isinstance(value, list) else shown(value)
            node.report(self.problems, f"expected a link [node, slot], found {found}", port=name)

    def _add_link(self, node: NodeHead, name: str, end: tuple[str, int]) -> None:
        source = self.nodes.get(end[0])
        self.drawn[PortRef(node.id, name)] = None
        if source is None:
            # One that is in the file but could not be read is reported already.
            if end[0] not in self.document:
                node.report(self.problems, f"its link comes from node {end[0]}, not found in "
                                           "the file", port=name)
            return
        if is_constant(source):
            node.report(self.problems, f"expected data from a node that runs, found {source}, "
                                       "which can only set widgets", port=name)
            return
        link = SlotLink(source, end[1], node, name)
        first = self.links.setdefault(link.place, link)
        if first is not link:
            node.report(self.problems, f"expected one link, found two: from {first.origin} and "
                                       f"from {link.origin}", port=name)

    def set_linked_widgets(self) -> None:
        """Give the widgets that are linked the value of the constant at the link's other end."""
        for (target, name), source in self.widget_links.items():
            node = self.nodes[target]
            if is_constant(node):
                continue
            passed = [source]
            while (passed[-1], VALUE) in self.widget_links and self._is_constant(passed[-1]):
                before = self.widget_links[passed[-1], VALUE]
                if before in passed:
                    self.nodes[before].report(self.problems, "its value comes from itself")
                    break
                passed.append(before)
            else:
                self._set_widget(node, name, passed[-1])

    def _set_widget(self, node: NodeHead, name: str, source: str) -> None:
        origin = self.nodes.get(source)
        if origin is not None and is_constant(origin):
            if VALUE in self.widgets[source]:
                self.widgets[node.id][name] = self.widgets[source][VALUE]
        elif (origin is None and source not in self.document) \
                or (origin is not None and origin.signature is not None):
            node.report(self.problems, "expected a constant for this widget, found a link from "
                                       f"node {source}", port=name)

    def _is_constant(self, id_: str) -> bool:
        node = self.nodes.get(id_)
        return node is not None and is_constant(node)


def is_constant(node: NodeHead) -> bool:
    """Tell whether a node only holds a value for widgets."""
    return node.signature is not None and node.signature is CONSTANTS.get(node.type)


def _read_end(value: Any) -> tuple[str, int] | None:
    """Return the node and slot of a link, or None for a constant."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    source, slot = read_id(value[0]), read_slot(value[1])
    return None if source is None or slot is None else (source, slot)


def _is_ignored(name: str, value: Any, end: tuple[str, int] | None,
                signature: NodeSignature) -> bool:
    if name == DEAD_INPUT:
        return value is None or end is not None
    return is_meaningless(name, signature)


def _link_record(link: SlotLink, found: _Found, problems: Problems) -> LinkRecord | None:
    signature = link.source.signature
    if signature is None:
        return LinkRecord(PortRef(link.source.id, f"output {link.slot}"), link.place)
    for name, outputs in signature.outputs_with.items():
        if PortRef(link.source.id, name) in found.drawn and link.slot < len(outputs) \
                and _suits(link, signature.output(outputs[link.slot])) \
                and not _suits(link, signature.outputs[link.slot]):
            return LinkRecord(PortRef(link.source.id, outputs[link.slot]), link.place)
    if link.slot >= len(signature.outputs) and signature.own_ports:
        return LinkRecord(PortRef(link.source.id, ""), link.place, link.slot)
    if link.slot >= len(signature.outputs):
        link.target.report(
            problems, f"its link comes from slot {link.slot} of {link.source}, which does not "
                      f"exist; the outputs there are: "
                      f"{listed(port.name for port in signature.outputs)}", port=link.name)
        return None
    return LinkRecord(PortRef(link.source.id, signature.outputs[link.slot].name), link.place)


def _suits(link: SlotLink, output: PortSignature | None) -> bool:
    """Tell whether an output may be what a link means, by its type."""
    target = link.target.signature
    port = target.input(link.name) if target is not None else None
    return (output is not None and port is not None and target is not None
            and target.types_match(output.type, port.type))
