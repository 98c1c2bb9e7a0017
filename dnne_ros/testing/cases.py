"""What a node type is tried with: settings, links, numbers to draw from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dnne_ros.node_api.node import Node


class Links(NamedTuple):
    """Which inputs and outputs are linked."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One way to run a node of a type."""

    node_type: type[Node]
    values: Mapping[str, Any]
    links: Links
    seed: int = 0
    inference: bool = False

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return (f"{self.node_type.type_name}({settings}), linked: "
                f"{', '.join((*self.links.inputs, *self.links.outputs)) or 'nothing'}, "
                f"seed {self.seed}" + (", inference" if self.inference else ""))


def usual_settings(node_type: type[Node], base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return ``base``, and with it each other choice and truth value of the type's widgets.

    What the type's `validate_parameters` refuses is left out.
    """
    found = [dict(base)]
    for name, widget in node_type.widgets.items():
        if name in base:
            continue
        others: Iterable[Any] = widget.choices or ((True, False) if widget.kind is bool else ())
        found += [{**base, name: value} for value in others if value != widget.default]
    defaults = {name: widget.default for name, widget in node_type.widgets.items()}
    return [values for values in found
            if not node_type.validate_parameters({**defaults, **values})]


def usual_links(node_type: type[Node]) -> list[Links]:
    """Return all inputs; then those that must be linked; where any one will do, each alone."""
    inputs, outputs = tuple(node_type.inputs), tuple(node_type.outputs)
    needed = tuple(name for name, port in node_type.inputs.items() if not port.optional)
    sets = [inputs]
    one_will_do = node_type.fires_on_any or node_type.needs_an_input
    if needed != inputs and (needed or not one_will_do):
        sets.append(needed)
    elif one_will_do:
        sets += [(name,) for name in inputs]
    return [Links(each, outputs) for each in sets]
