"""Links at nodes of which only the values say which ports they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import has_own_ports
from dnne_ros.node_api.ports import Port
from dnne_ros.workflow.records import LinkRecord, PortRef, Workflow

Report = Callable[[str, str, str | None], None]
"""Takes a node's id, what is wrong with it, and at which port."""


def found_files(node_type: type[Node], values: Mapping[str, Any], workflow: str) -> dict[str, Any]:
    """Return ``values`` with the names of files as they are found from the present folder.

    What is not there may be beside the ``workflow``'s own file.
    """
    found = dict(values)
    for name, widget in node_type.widgets.items():
        if widget.file and found.get(name) and not Path(found[name]).exists():
            beside = Path(workflow).parent / found[name]
            found[name] = str(beside) if beside.exists() else found[name]
    return found


def name_ports(workflow: Workflow, types: Mapping[str, type[Node]], report: Report) -> Workflow:
    """Return ``workflow`` with each link between the ports of ``types``, by their own names.

    A link that leads nowhere is reported and left out, and its input counts as cut.
    """
    links: dict[PortRef, LinkRecord] = {}
    cut = dict(workflow.cut)
    for link in workflow.links:
        source, target = _source(link, types, report), _target(link, types, report)
        if source is None or target is None:
            cut[target or link.target] = ""
            continue
        first = links.setdefault(target, LinkRecord(source, target))
        if first.source != source:
            report(target.node, f"expected one link, found two: from {first.source} and from "
                   f"{source}", f"input {target.port!r}")
    return replace(workflow, links=tuple(links.values()), cut=cut)


def _source(link: LinkRecord, types: Mapping[str, type[Node]], report: Report) -> PortRef | None:
    node_type = types.get(link.source.node)
    if node_type is None or not has_own_ports(node_type):
        return link.source
    ports = node_type.outputs
    name = _name_of(link.source.port, ports) if link.slot is None else (
        dict(enumerate(ports)).get(link.slot, ""))
    if not name:
        what = f"output {link.source.port!r:.80}" if link.slot is None else (
            f"slot {link.slot} among its outputs")
        report(link.source.node, f"it has no {what}, which is linked to {link.target}; its "
               f"outputs are: {', '.join(ports) or 'none'}", None)
    return PortRef(link.source.node, name) if name else None


def _target(link: LinkRecord, types: Mapping[str, type[Node]], report: Report) -> PortRef | None:
    node_type = types.get(link.target.node)
    if node_type is None or not has_own_ports(node_type):
        return link.target
    name = _name_of(link.target.port, node_type.inputs)
    if not name:
        report(link.target.node, f"it has no input {link.target.port!r:.80}; its inputs are: "
               f"{', '.join(node_type.inputs) or 'none'}", None)
    return PortRef(link.target.node, name) if name else None


def _name_of(name: str, ports: Mapping[str, Port]) -> str:
    """Return a port's own name, given that of a file; "" if there is none."""
    return name if name in ports else next(
        (port.name for port in ports.values() if name in port.aliases), "")
