"""What is wrong with the nodes that a node of a drawing is short for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dnne_ros.node_api.drawn import Assembly, CompositeNode, Part, SettingsNode
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue
from dnne_ros.node_api.widget import WidgetError


def default_values(node_type: type[Node]) -> dict[str, Any]:
    """Return what a type's widgets say without being asked."""
    return {name: widget.default for name, widget in node_type.widgets.items()}


def misfits(node_type: type[Node], linked: Mapping[str, type[SettingsNode]]) -> list[str]:
    """Return what does not fit among the parts of a type with default settings.

    ``linked`` are the types of settings nodes by the input that they are linked to.
    """
    if issubclass(node_type, SettingsNode):
        stand_in = node_type.stand_in(default_values(node_type))
        if stand_in is None:
            return []
        part, output = stand_in
        missing = [] if output in part.type.outputs else [
            f"{part.type.type_name} has no output {output!r}"]
        return [*_wrong_values("stand-in", part), *missing]
    if not issubclass(node_type, CompositeNode):
        return []
    assembly = node_type.assemble(default_values(node_type), {
        name: default_values(settings) for name, settings in linked.items()})
    found = [problem for name, part in assembly.parts.items()
             for problem in _wrong_values(name, part)]
    return [*found, *_wrong_links(assembly), *_wrong_outputs(node_type, assembly)]


def _wrong_values(name: str, part: Part) -> Iterator[str]:
    for widget, value in part.values.items():
        if widget not in part.type.widgets:
            yield f"{name}: {part.type.type_name} has no widget {widget!r}"
            continue
        try:
            part.type.widgets[widget].check(value)
        except WidgetError as error:
            yield f"{name}, widget {widget!r}: {error}"


def _wrong_links(assembly: Assembly) -> Iterator[str]:
    for source, target in assembly.links:
        try:
            output = _port(assembly, source, "outputs")
            input = _port(assembly, target, "inputs")
        except KeyError as error:
            yield f"{source} → {target}: there is no {error.args[0]}"
            continue
        if not isinstance(output.type, AnyValue) and not input.accepts(output.type):
            yield f"{source} → {target}: expected {input.type}, found {output.type}"
    targets = [target for _, target in assembly.links]
    for name, part in assembly.parts.items():
        yield from (f"{name}.{port.name}: {targets.count(f'{name}.{port.name}')} links, not one"
                    for port in part.type.inputs.values()
                    if targets.count(f"{name}.{port.name}") != 1 and not port.optional)


def _wrong_outputs(node_type: type[CompositeNode], assembly: Assembly) -> Iterator[str]:
    for name, output in node_type.outputs.items():
        if (name in assembly.outputs) == (name in node_type.absent_outputs):
            yield f"output {name!r}: expected a part's output, or a word on why there is none"
        elif name in assembly.outputs:
            found = _port(assembly, assembly.outputs[name], "outputs").type
            if type(found) is not type(output.type):
                yield f"output {name!r}: expected {output.type}, found {found}"


def _port(assembly: Assembly, end: str, side: str) -> Any:
    part, _, port = end.partition(".")
    return getattr(assembly.parts[part].type, side)[port]
