"""Workflow records become a typed graph, or a report of everything that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError, Problems, describe
from dnne_ros.graph.edge_settings import Setting, apply_settings
from dnne_ros.graph.expansion import expand, is_drawn
from dnne_ros.graph.flow import misfit, output_types, passed_on
from dnne_ros.graph.graph import Edge, Graph, GraphNode
from dnne_ros.graph.loops import find_stuck_loop
from dnne_ros.graph.names import node_ros_names, to_ros_name
from dnne_ros.graph.node_options import (
    check_options,
    wanted_priority,
    wanted_process,
    wanted_replicas,
    wanted_resources,
)
from dnne_ros.graph.own_ports import found_files, name_ports
from dnne_ros.graph.replicas import check_replicas
from dnne_ros.graph.state_keys import check_state_keys
from dnne_ros.node_api.drawn import DrawnNode
from dnne_ros.node_api.fault_settings import read_fault_options
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import has_own_ports, type_with_ports
from dnne_ros.node_api.port_types import AnyValue, PortType
from dnne_ros.node_api.ports import Input
from dnne_ros.node_api.widget import WidgetError, missing_values
from dnne_ros.transport.policy import DEFAULT_CAPACITY, EdgePolicy, WhenAbsent
from dnne_ros.workflow.records import LinkRecord, NodeRecord, PortRef, Workflow


def build_graph(workflow: Workflow, catalogue: Catalogue, problems: Problems,
                settings: Iterable[Setting] = ()) -> Graph:
    """Return the typed graph of ``workflow`` with ``settings`` applied.

    Raises `InputError` with these and all earlier ``problems`` if there are any.
    """
    settings = tuple(settings)
    first, others = _of_drawn_nodes(workflow, catalogue, settings)
    graph = _Builder(workflow, catalogue, problems).build(first)
    problems.raise_if_any()
    drawn = [node for node in graph.nodes.values() if is_drawn(graph, node.id)]
    if not drawn:
        return graph
    workflow = expand(graph, workflow, problems)
    problems.raise_if_any()
    if not workflow.nodes:
        problems.add("holds settings alone ("
                     + ", ".join(f"{node.id} {node.type.type_name}" for node in drawn)
                     + "): no node in it runs")
    graph = _Builder(workflow, catalogue, problems).build(others)
    problems.raise_if_any()
    return graph


def _of_drawn_nodes(workflow: Workflow, catalogue: Catalogue, settings: tuple[Setting, ...]
                    ) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """Return the settings that the file's own nodes get, and those of the nodes that run.

    Where all of the file's nodes run, the former are all there are.
    """
    types = {record.id: type_of(record, catalogue) for record in workflow.nodes}
    drawn = [id for id, node_type in types.items()
             if node_type is not None and issubclass(node_type, DrawnNode)]
    if not drawn:
        return settings, ()
    names = node_ros_names((id, node_type.type_name if node_type else "")
                           for id, node_type in types.items())
    known = {alias: id for id in types for alias in (id, names[id])}
    said_of = {setting: known.get(setting.node.rpartition("/")[2], known.get(setting.node))
               for setting in settings}
    return (tuple(setting for setting, node in said_of.items() if node is not None),
            tuple(setting for setting, node in said_of.items() if node not in drawn))


def type_of(record: NodeRecord, catalogue: Catalogue) -> type[Node] | None:
    """Return the type of a node of the file, or None if nobody knows it."""
    return catalogue.declared(record.declared) or catalogue.find(record.type)


class _Builder:
    """One pass over a workflow; each step notes its problems and the next goes on."""

    def __init__(self, workflow: Workflow, catalogue: Catalogue, problems: Problems):
        self.workflow = workflow
        self.catalogue = catalogue
        self.problems = problems
        self.records = {record.id: record for record in workflow.nodes}
        self.types: dict[str, type[Node]] = {}

    def build(self, settings: tuple[Setting, ...]) -> Graph:
        self._find_types()
        names = node_ros_names(
            (id, self.types[id].type_name if id in self.types else record.type)
            for id, record in self.records.items())
        values = {id: {**self._values_by_links(id), **self._checked_values(self.records[id])}
                  for id in self.types}
        faults = {id: read_fault_options(self.records[id].options, partial(self._problem, id))
                  for id in self.types}
        apply_settings(settings, self.types, names, values, faults, self.problems)
        complete = {id: self._complete_values(id, values[id]) for id in tuple(self.types)}
        self.workflow = name_ports(self.workflow, self.types, self._problem)
        links = self._links()
        unknown = {link.source: AnyValue() for link in self.workflow.links
                   if link.source.node not in self.types}
        # What would come by a link that was refused is unknown too, and what by one that is
        # missing, which is told of the input, not of all that lies behind it.
        untold = [target for target, reason in self.workflow.cut.items() if not reason]
        refused = [LinkRecord(PortRef("", ""), target)
                   for target in (*untold, *self._check_required_inputs())]
        unknown |= {link.source: AnyValue() for link in refused}
        flowing = output_types(self.types, (*links, *self.workflow.links, *refused), unknown)
        edges = self._edges(links, flowing)
        self._check_outputs()
        self._check_loops(values, edges)
        for id in self.types:
            check_options(self.records[id], self.types[id].inputs, partial(self._problem, id))
        nodes = {
            id: GraphNode(id, node_type, record.title, names[id], complete[id],
                          record.position, record.size, wanted_process(record, report), faults[id],
                          wanted_resources(record, report),
                          wanted_replicas(record, node_type, report),
                          wanted_priority(record, report))
            for id, node_type in self.types.items()
            for record, report in [(self.records[id], partial(self._problem, id))]}
        graph = Graph(self.workflow.name, self.workflow.path, to_ros_name(self.workflow.name),
                      nodes, edges, flowing, self.workflow.groups)
        check_replicas(graph, self._problem)
        check_state_keys(graph, self._problem)
        return graph

    def _problem(self, node: str, message: str, port: str | None = None) -> None:
        record = self.records[node]
        self.problems.add(message, node=node, type=record.type, title=record.title, port=port)

    def _find_types(self) -> None:
        unknown: dict[str, list[NodeRecord]] = {}
        for record in self.workflow.nodes:
            node_type = type_of(record, self.catalogue)
            if node_type is None:
                unknown.setdefault(record.type, []).append(record)
            else:
                self.types[record.id] = node_type
        for name, records in unknown.items():
            nearest = self.catalogue.nearest(name)
            hint = f"did you mean {' or '.join(nearest)}?" if nearest else (
                "`dnne-ros nodes` lists the known ones")
            if len(records) == 1:
                self._problem(records[0].id, f"unknown node type {name!r}; {hint}")
                continue
            nodes = ", ".join(f"{record.id} {record.title!r}" if record.title not in ("", name)
                              else record.id for record in records)
            self.problems.add(f"nodes {nodes}: unknown node type {name!r}; {hint}")

    def _values_by_links(self, id: str) -> Mapping[str, Any]:
        """Return what the links of the file say of values that decide which ports a node has."""
        if not has_own_ports(self.types[id]):
            return {}
        return self.types[id].values_for_links(
            [link.target.port for link in self.workflow.links if link.target.node == id])

    def _checked_values(self, record: NodeRecord) -> dict[str, Any]:
        widgets = self.types[record.id].widgets
        values = {}
        for name, value in record.widgets.items():
            try:
                values[name] = widgets[name].check(value)
            except WidgetError as error:
                self._problem(record.id, str(error), f"widget {name!r}")
        return values

    def _complete_values(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return all values of a node, and report what its type says of them.

        This runs code of the type's own.  Where that fails, or its ports stay unknown, the type
        counts as unknown from here on: nothing more is asked of it, and no further complaint
        follows.
        """
        node_type, complete = self.types.pop(id), given
        try:
            complete = found_files(node_type, node_type(given).values, self.workflow.path)
            messages = [*missing_values(node_type.widgets, complete),
                        *node_type.validate_parameters(complete)]
            node_type.waits_for_all(complete)
            if not messages or not has_own_ports(node_type):
                self.types[id] = type_with_ports(node_type, complete)
        except KeyboardInterrupt:  # Ctrl-C, as far as anybody can tell
            raise
        except InputError as error:
            messages = [f"{error.source}: {problem}" for problem in error.problems]
        except BaseException as error:
            messages = [f"its type's own code failed: {' '.join(describe(error).split())}"]
        for message in messages:
            self._problem(id, message)
        return complete

    def _links(self) -> list[LinkRecord]:
        """Return the links between known types, those that unlinked inputs imply last."""
        drawn = [link for link in self.workflow.links
                 if link.source.node in self.types and link.target.node in self.types]
        return drawn + list(self._followers(drawn))

    def _edges(self, links: list[LinkRecord], flowing: dict[PortRef, PortType]
               ) -> tuple[Edge, ...]:
        drawn = set(self.workflow.links)
        edges = []
        for link in links:
            node_type = self.types[link.target.node]
            port = node_type.inputs[link.target.port]
            carried = flowing.get(link.source)
            problem = misfit(port, carried, passed_on(node_type, link.target, flowing))
            if carried is None or problem:
                self._problem(link.target.node, f"{problem} from {self._describe(link.source)}",
                              f"input {link.target.port!r}")
                continue
            edge = Edge(link.source, link.target, carried, port.policy or carried.policy,
                        DEFAULT_CAPACITY, implied=link not in drawn)
            edges.append(replace(edge, **self._edge_options(link)))
        return tuple(edges)

    def _followers(self, links: list[LinkRecord]) -> Iterable[LinkRecord]:
        source_of = {link.target: link.source for link in links}
        for node, node_type in self.types.items():
            for port in node_type.inputs.values():
                target = PortRef(node, port.name)
                if target in source_of:
                    continue
                for source in self._implied_sources(node, port, links):
                    if source.port in self.types[source.node].outputs:
                        yield LinkRecord(source, target)
                        break

    @staticmethod
    def _implied_sources(node: str, port: Input, links: list[LinkRecord]) -> Iterable[PortRef]:
        """Yield what an unlinked input may be linked to, whether or not it has such an output."""
        if port.follows is not None:
            leader, output = port.follows
            yield from (PortRef(link.source.node, output) for link in links
                        if link.target == PortRef(node, leader))
        if port.answered_by is not None:
            question, output = port.answered_by
            yield from (PortRef(link.target.node, output) for link in links
                        if link.source == PortRef(node, question))

    def _describe(self, ref: PortRef) -> str:
        record = self.records[ref.node]
        return f"node {ref.node} ({record.type}), output {ref.port!r}"

    def _edge_options(self, link: LinkRecord) -> dict[str, Any]:
        """Return what the file says of an edge, as fields of `Edge`."""
        inputs = self.records[link.target.node].options.get("inputs")
        options = inputs.get(link.target.port, {}) if isinstance(inputs, dict) else {}
        where = f"input {link.target.port!r}"
        fields: dict[str, Any] = {}
        if not isinstance(options, dict):
            self._problem(link.target.node,
                          f"expected an object of edge options, found {options!r:.40}", where)
            return fields
        for key, value in options.items():
            if key == "policy" and value in [known.value for known in EdgePolicy]:
                fields[key] = EdgePolicy(value)
            elif key == "capacity" and type(value) is int and 1 <= value <= 1_000_000:
                fields[key] = value
            elif key == "when_absent" and value in [known.value for known in WhenAbsent]:
                fields[key] = WhenAbsent(value)
            else:
                self._problem(
                    link.target.node, f"edge option {key!r}: {value!r:.40}; expected policy (one "
                    f"of {', '.join(EdgePolicy)}), capacity (1 to 1000000) or when_absent (one of "
                    f"{', '.join(WhenAbsent)})", where)
        return fields

    def _check_required_inputs(self) -> list[PortRef]:
        """Report the inputs to which something has to come, and return them."""
        starved = []
        linked = {link.target for link in self.workflow.links}
        cut = self.workflow.cut
        for node, node_type in self.types.items():
            for port in node_type.inputs.values():
                ref = PortRef(node, port.name)
                if port.optional or port.external or ref in linked or cut.get(ref) == "":
                    continue
                reason = f"nothing comes to it: {cut[ref]}" if ref in cut else (
                    "nothing is linked to it")
                self._problem(node, f"{reason}; expected {port.type}", f"input {port.name!r}")
                starved.append(ref)
            takes_items = [name for name, port in node_type.inputs.items()
                           if port.external or PortRef(node, name) in linked]
            reasons = [cut[ref] for name in node_type.inputs
                       for ref in [PortRef(node, name)] if ref in cut]
            needs_one = node_type.fires_on_any or node_type.needs_an_input
            if needs_one and not takes_items and "" not in reasons:
                self._problem(node, f"nothing comes to any of its inputs: {'; '.join(reasons)}"
                              if reasons else
                              "none of its inputs is linked; it needs at least one")
                starved += [PortRef(node, name) for name in node_type.inputs]
        return starved

    def _check_outputs(self) -> None:
        """Report links from outputs that need an input, or exclude one, as inputs are linked."""
        linked = {link.target for link in self.workflow.links} | set(self.workflow.cut)
        for source in dict.fromkeys(link.source for link in self.workflow.links):
            port = self.types[source.node].outputs.get(source.port) \
                if source.node in self.types else None
            if port is None:
                continue
            if port.needs is not None and PortRef(source.node, port.needs) not in linked:
                self._problem(source.node, "it gives nothing while nothing is linked to the "
                              f"input {port.needs!r}", f"output {port.name!r}")
            if port.excludes is not None and PortRef(source.node, port.excludes) in linked:
                self._problem(source.node, "nothing may be linked to it while something is linked "
                              f"to the input {port.excludes!r}", f"output {port.name!r}")

    def _check_loops(self, values: dict[str, dict[str, Any]], edges: tuple[Edge, ...]) -> None:
        loop = find_stuck_loop(self.types, values, edges)
        if loop is None:
            return
        path = " → ".join(
            f"{edge.source} → {edge.target} ({self.types[edge.target.node].type_name})"
            for edge in loop)
        self.problems.add(
            f"a loop that nothing starts: {path}. A loop needs a port that supplies its first "
            "item, such as a merge (ORNode) with an input from outside the loop")
