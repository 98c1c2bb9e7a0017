"""What the parser must know of a node type: the names and types of its ports and widgets.

The catalogue of node types hands these in; this room never imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PortSignature:
    """A port by name: its type as workflow files write it, and names it had in older files.

    ``accepts_also`` are further types that an input takes.
    """

    name: str
    type: str
    aliases: tuple[str, ...] = ()
    accepts_also: tuple[str, ...] = ()

    def answers_to(self, name: str) -> bool:
        """Tell whether a file that says ``name`` means this port."""
        return name == self.name or name in self.aliases


@dataclass(frozen=True)
class WidgetSignature:
    """A widget by name, in the order in which ``widgets_values`` lists them.

    ``type`` is that of the slot which the editor gives it: INT, FLOAT, STRING, BOOLEAN, COMBO.
    """

    name: str
    is_seed: bool = False
    type: str = ""


@dataclass(frozen=True)
class NodeSignature:
    """The ports and widgets of one node type, in their declared order (= slot order).

    ``retired`` are names of widgets that files may hold and that mean nothing here.
    ``outputs_with`` has, by input, the outputs that slots count in where a file gives that input.
    ``namesakes`` are other types that files may mean by the same name; ``is_namesake`` tells that
    this is one.  With ``own_ports``, the values of a node say which ports it has beside these:
    what is no widget is taken for one of them.
    """

    type: str
    inputs: tuple[PortSignature, ...]
    outputs: tuple[PortSignature, ...]
    widgets: tuple[WidgetSignature, ...]
    types_match: Callable[[str, str], bool] = lambda output, input: output == input
    retired: tuple[str, ...] = ()
    outputs_with: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    namesakes: tuple[NodeSignature, ...] = ()
    is_namesake: bool = False
    own_ports: bool = False

    def meant_by(self, names: Collection[str]) -> NodeSignature:
        """Return this or the namesake that knows the most of a node's port and widget names."""
        return max((self, *self.namesakes), key=lambda each: sum(
            each.input(name) is not None or each.output(name) is not None
            or each.widget(name) is not None or name in each.retired for name in names))

    def input(self, name: str) -> PortSignature | None:
        """Return the input that answers to ``name``."""
        return next((port for port in self.inputs if port.answers_to(name)), None)

    def output(self, name: str) -> PortSignature | None:
        """Return the output that answers to ``name``."""
        return next((port for port in self.outputs if port.answers_to(name)), None)

    def widget(self, name: str) -> WidgetSignature | None:
        """Return the widget of this name."""
        return next((widget for widget in self.widgets if widget.name == name), None)


SignatureLookup = Callable[[str], "NodeSignature | None"]
