"""What a node type must have declared such that the rest may rely on it."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dnne_ros.node_api.inline import Inline
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PortType
from dnne_ros.node_api.ports import Input, Port
from dnne_ros.node_api.ros_facts import RosFacts
from dnne_ros.node_api.stateful import Stateful
from dnne_ros.node_api.widget import Widget, WidgetError
from dnne_ros.transport.policy import EdgePolicy

_NAMES = ("aliases", "retired_widgets", "dead_ports")
_SWITCHES = ("fires_on_any", "resumes", "needs_policy_interface", "announces_boundaries",
             "own_process", "acts_outside", "films")
_TABLES = ("foreign_widgets", "outputs_with")
_PROMISES = {**vars(RosFacts), **vars(Stateful), **vars(Node)}
PARAMETERS_OF_EVERY_NODE = ("use_sim_time", "start_type_description_service")
"""Which rclpy declares itself."""


def check_declarations(node_type: type[Node]) -> None:
    """Raise ValueError with the first thing that a node type declares wrong."""
    for fault in _faults(node_type):
        raise ValueError(f"node type {node_type.__qualname__}: {fault}")


def _faults(node_type: type[Node]) -> Iterator[str]:
    for name in _PROMISES:
        if callable(getattr(Node, name)) and not callable(found := getattr(node_type, name)):
            yield f"{name}: expected the function that node types have, found {_shown(found)}"
    yield from _faults_of_behaviour(node_type)
    for name in ("type_name", "category", "superseded_by"):
        yield from _expect(name, getattr(node_type, name), isinstance, str, "text")
    if node_type.type_name == "":
        yield "type_name: expected a name, found none"
    for name in _NAMES:
        yield from _expect(name, getattr(node_type, name), _all_are, str, "a tuple of names")
    for name in _SWITCHES:
        yield from _expect(name, getattr(node_type, name), isinstance, bool, "True or False")
    for name in _TABLES:
        table = getattr(node_type, name)
        if not isinstance(table, Mapping) or not _all_are(tuple(table), str) \
                or not all(_all_are(names, str) for names in table.values()):
            yield f"{name}: expected names and tuples of names, found {_shown(table)}"
    calls = node_type.blocking_calls
    if type(calls) is not int or calls < 1:
        yield f"blocking_calls: expected an integer of at least 1, found {_shown(calls)}"
    if any("ports_for" in vars(base) for base in node_type.__mro__ if base is not Node) \
            and not any(widget.decides_ports for widget in node_type.widgets.values()):
        yield "ports_for: expected a widget with decides_ports=True, found none"
    for port in (*node_type.inputs.values(), *node_type.outputs.values()):
        for fault in faults_of_port(port):
            yield f"port {port.name!r:.80}: {fault}"
    for name, widget in node_type.widgets.items():
        if name in PARAMETERS_OF_EVERY_NODE:
            yield f"widget {name}: expected another name, as every ROS node has this parameter"
        for fault in _faults_of_widget(widget):
            yield f"widget {name}: {fault}"


def _faults_of_behaviour(node_type: type[Node]) -> Iterator[str]:
    for name, own in _PROMISES.items():
        if inspect.isfunction(own) and not name.startswith("_"):
            found = inspect.unwrap(getattr(node_type, name))
            if inspect.iscoroutinefunction(own) and not inspect.iscoroutinefunction(found):
                yield f"{name}: expected async def {name}, found a function that is none"
            if inspect.iscoroutinefunction(found) and not inspect.iscoroutinefunction(own) \
                    and name != "compute":  # which may be either
                yield f"{name}: expected def {name}, found async def"
    for name in ("compiled", "inline"):
        owner, own = (next(each for each in node_type.__mro__ if part in vars(each))
                      for part in (name, "compute"))
        if owner is not Node and owner is not own and issubclass(own, owner):
            yield f"{name}: expected one of {own.__name__}'s own compute, found {owner.__name__}'s"
    if node_type.state_per is not None:
        yield from _faults_of_state(node_type)
    if node_type.inline is not None:
        yield from _faults_of_inline(node_type, node_type.inline)
    if node_type.process is not Node.process or node_type.compute is Node.compute:
        return
    parameters = list(inspect.signature(node_type.compute).parameters.values())[1:]
    takes = {each.name: each for each in parameters if each.kind in (
        inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)}
    ports = ", ".join(node_type.inputs) or "none"
    more = any(widget.decides_ports for widget in node_type.widgets.values())
    for name, each in takes.items():
        if name not in node_type.inputs and each.default is each.empty and not more:
            yield f"compute: expected the inputs as parameters ({ports}), found {name!r}"
    if not any(each.kind is each.VAR_KEYWORD for each in parameters):
        for name in node_type.inputs.keys() - takes.keys():
            yield f"compute: expected the inputs as parameters ({ports}), and {name!r} is none"


def _faults_of_inline(node_type: type[Node], inline: Inline) -> Iterator[str]:
    found, outputs = len(inline.trees), len(node_type.outputs)
    if found != max(outputs, 1):
        yield f"inline: expected an expression for each output ({outputs}), found {found}"
    if node_type.process is Node.process:
        try:
            inline.bound(node_type.inputs, node_type.widgets, None)
        except ValueError as error:
            yield f"inline: {error}"


def _faults_of_state(node_type: type[Node]) -> Iterator[str]:
    said = node_type.state_per
    if not isinstance(said, str) and not inspect.isroutine(said):
        yield ("state_per: expected an input with entries, as order.customer, or a function of "
               f"inputs, found {_shown(said)}")
        return
    for name in ("save_state", "load_state", "process"):
        if getattr(node_type, name) is not getattr(Node, name):
            yield f"{name}: expected none beside state_per, by which compute() has its state"
    if any(widget.decides_ports for widget in node_type.widgets.values()):
        return
    key = node_type.state_key()
    assert key is not None  # it says so
    for port in key.ports:
        if port not in node_type.inputs:
            yield (f"state_per: expected inputs ({', '.join(node_type.inputs) or 'none'}), found "
                   f"{port!r:.40}")


def faults_of_port(port: Port) -> Iterator[str]:
    """Yield what is declared wrong of one port."""
    yield from _expect("name", port.name, isinstance, str, "text")
    yield from _expect("doc", port.doc, isinstance, str, "text")
    yield from _expect("type", port.type, isinstance, PortType,
                       "an instance of a port type, as Tensor()")
    yield from _expect("aliases", port.aliases, _all_are, str, "a tuple of names")
    if not isinstance(port, Input):
        return
    yield from _expect("accepts_also", port.accepts_also, _all_are, PortType,
                       "a tuple of port types")
    for name in ("follows", "answered_by"):
        pair = getattr(port, name)
        if pair is not None and not (_all_are(pair, str) and len(pair) == 2):
            yield f"{name}: expected two names of ports, found {_shown(pair)}"
    if port.policy is not None:
        yield from _expect("policy", port.policy, isinstance, EdgePolicy, "an EdgePolicy")
    if port.priority is not None and not callable(port.priority):
        yield f"priority: expected a function, found {_shown(port.priority)}"


def _faults_of_widget(widget: Widget) -> Iterator[str]:
    if type(widget.default) not in (bool, int, float, str):
        yield ("default: expected a boolean, an integer, a number or text, found "
               f"{_shown(widget.default)}")
        return
    for name in ("doc", "unit", "fixed_because"):
        yield from _expect(name, getattr(widget, name), isinstance, str, "text")
    for name in ("live", "seed", "required", "decides_ports", "file"):
        yield from _expect(name, getattr(widget, name), isinstance, bool, "True or False")
    yield from _expect("choices", widget.choices, _all_are, str, "a tuple of texts")
    for name in ("minimum", "maximum"):
        bound = getattr(widget, name)
        if bound is not None and type(bound) not in (int, float):
            yield f"{name}: expected a number, found {_shown(bound)}"
            return
    try:
        widget.check(widget.default)
    except WidgetError as error:
        yield f"default: {error}"


def _expect(name: str, value: Any, fits: Any, kind: type, expected: str) -> Iterator[str]:
    if not fits(value, kind):
        yield f"{name}: expected {expected}, found {_shown(value)}"


def _all_are(values: Any, kind: type) -> bool:
    """Tell whether it is a collection of such things; text is none of names."""
    return isinstance(values, Collection) and not isinstance(values, (str, bytes)) \
        and all(isinstance(value, kind) for value in values)


def _shown(value: Any) -> str:
    """Return what was found, also when it cannot say what it is."""
    if inspect.isclass(value):
        return f"the class {value.__qualname__}"
    try:
        return f"{value!r:.80}"
    except Exception:  # a foreign object's own code
        return f"something of type {type(value).__name__}"
