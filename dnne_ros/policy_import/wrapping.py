"""Another program's ONNX model, with the ports of a bundle around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.policies.bundle import INPUT, OUTPUT, input_of, output_of
from dnne_ros.policies.interface import ActionTerm, Interface
from dnne_ros.policies.onnx_file import add_command, state_interface
from dnne_ros.policies.onnx_graph import OnnxGraph
from dnne_ros.policy_import.onnx_source import real_inputs, shape_of

if TYPE_CHECKING:
    from onnx import ModelProto

_PREFIX = "source/"


@dataclass(frozen=True)
class State:
    """What a model carries on: its ``input`` and ``output``, and with what it begins.

    ``initial``: None for zeros.
    """

    input: str
    output: str
    initial: np.ndarray | None = None


@dataclass(frozen=True)
class Wrapping:
    """Which ports of a model make the bundle's.

    ``observations`` get the columns of the observation in turn, ``actions`` give those of the
    action.  ``states`` by the names that they have in the bundle.  ``command``: what is still to
    be done with the actions.
    """

    observations: Sequence[str]
    actions: Sequence[str]
    states: Mapping[str, State]
    command: ActionTerm


def wrapped_model(model: ModelProto, wrapping: Wrapping, interface: Interface) -> ModelProto:
    """Return ``model`` as ``observations`` and states → ``actions`` and states.

    Raises ValueError for a port that is not there, or is of another type or size.
    """
    from onnx import TensorProto, checker, compose, helper

    source = compose.add_prefix(model, _PREFIX)
    inputs = {each.name.removeprefix(_PREFIX): each for each in real_inputs(source.graph)}
    outputs = {each.name.removeprefix(_PREFIX): each for each in source.graph.output}
    _check_ports(wrapping, inputs, outputs, interface)
    sizes = {name: int(np.prod(shape_of(inputs[name])[1:])) for name in wrapping.observations}
    before, after = OnnxGraph(INPUT), OnnxGraph("")
    batch = _spread(before, inputs, wrapping.observations, sizes)
    _gather(after, outputs, wrapping.actions)
    add_command(after, wrapping.command)
    after.end(OUTPUT)
    states_in: list[Any] = []
    states_out: list[Any] = []
    for name, state in wrapping.states.items():
        _carry(before, after, name, state)
        for ports, port, of in ((states_in, inputs[state.input], input_of),
                                (states_out, outputs[state.output], output_of)):
            shape = [size or "batch" for size in shape_of(port)]
            ports.append(helper.make_tensor_value_info(of(name), TensorProto.FLOAT, shape))
    graph = source.graph
    graph.name = "policy"
    nodes = [*before.nodes, *graph.node, *after.nodes]
    weights = [*graph.initializer, *before.arrays, *after.arrays]
    ports_in = [helper.make_tensor_value_info(
        INPUT, TensorProto.FLOAT, [batch, sum(sizes.values())]), *states_in]
    ports_out = [helper.make_tensor_value_info(
        OUTPUT, TensorProto.FLOAT, [batch, len(interface.actions.columns)]), *states_out]
    for field, values in (("node", nodes), ("initializer", weights), ("input", ports_in),
                          ("output", ports_out)):
        place = getattr(graph, field)
        kept = [type(value).FromString(value.SerializeToString()) for value in values]
        del place[:]
        place.extend(kept)
    state_interface(source, interface)
    source.doc_string = ""
    try:
        checker.check_model(source, full_check=True)
    except Exception as error:  # of the checker, which has several
        raise ValueError(f"no bundle can be made of it: {' '.join(str(error).split())[:300]}"
                         ) from None
    return source


def _check_ports(wrapping: Wrapping, inputs: Mapping[str, Any], outputs: Mapping[str, Any],
                 interface: Interface) -> None:
    """Raise ValueError for a port that is missing, is not of floats, or of another size."""
    from onnx import TensorProto

    said = []
    for ports, names in ((inputs, [*wrapping.observations,
                                   *(state.input for state in wrapping.states.values())]),
                         (outputs, [*wrapping.actions,
                                    *(state.output for state in wrapping.states.values())])):
        for name in names:
            port = ports.get(name)
            if port is None:
                said.append(f"the model has no port {name!r}; it has {', '.join(ports)}")
            elif port.type.tensor_type.elem_type != TensorProto.FLOAT:
                said.append(f"{name}: expected float32")
            elif not all(shape_of(port)[1:]) and name in wrapping.observations:
                said.append(f"{name}: expected lengths that are known, found {shape_of(port)}")
    if unused := [name for name in inputs if name not in {
            *wrapping.observations, *(state.input for state in wrapping.states.values())}]:
        said.append(f"nothing is known of its inputs {', '.join(unused)}")
    if not said:
        batches = {name: shape_of(inputs[name])[0] for name in wrapping.observations}
        said += [f"{name}: expected a batch of any size or of 1, found {batch}"
                 for name, batch in batches.items() if batch not in (0, 1)]
        commanded = [int(np.prod(shape_of(outputs[name])[1:])) for name in wrapping.actions]
        if all(commanded) and sum(commanded) != len(interface.actions.columns):
            said.append(f"the interface names {len(interface.actions.columns)} actions, and the "
                        f"network has {sum(commanded)}")
        size = sum(int(np.prod(shape_of(inputs[name])[1:])) for name in wrapping.observations)
        if size != len(interface.columns):
            said.append(f"the interface names {len(interface.columns)} observations, and the "
                        f"network has {size}")
    if said:
        raise ValueError("; ".join(said))


def _spread(graph: OnnxGraph, inputs: Mapping[str, Any], names: Sequence[str],
            sizes: Mapping[str, int]) -> str | int:
    """Give each input its columns of the observation; returns the batch's size or name."""
    shapes = [shape_of(inputs[name]) for name in names]
    any_batch = all(not shape[0] for shape in shapes)
    start = 0
    for number, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        part = INPUT
        if len(names) > 1:
            part, end = f"columns_{number}", start + sizes[name]
            graph.join("Slice", [INPUT, *(
                graph.constant(f"{part}.{what}", np.array([value], np.int64))
                for what, value in (("start", start), ("end", end), ("axis", 1)))], [part])
            start = end
        if len(shape) == 2:
            graph.join("Identity", [part], [_PREFIX + name])
            continue
        wanted = graph.constant(f"shape_{number}", np.array(
            [-1 if any_batch else 1, *shape[1:]], np.int64))
        graph.join("Reshape", [part, wanted], [_PREFIX + name])
    return "batch" if any_batch else 1


def _gather(graph: OnnxGraph, outputs: Mapping[str, Any], names: Sequence[str]) -> None:
    """Begin a row with the actions of all outputs, one after the other."""
    parts = []
    for name in names:
        parts.append(_PREFIX + name)
        if len(shape_of(outputs[name])) != 2:
            graph.join("Flatten", [_PREFIX + name], [f"flat/{name}"], axis=1)
            parts[-1] = f"flat/{name}"
    graph.last = parts[0]
    if len(parts) > 1:
        graph.join("Concat", parts, ["all_actions"], axis=1)
        graph.last = "all_actions"


def _carry(before: OnnxGraph, after: OnnxGraph, name: str, state: State) -> None:
    """Carry a state by its name in the bundle, where zeros are what it begins with."""
    if state.initial is None:
        before.join("Identity", [input_of(name)], [_PREFIX + state.input])
        after.join("Identity", [_PREFIX + state.output], [output_of(name)])
        return
    initial = before.constant(f"{name}_initial", state.initial.astype(np.float32))
    before.join("Add", [input_of(name), initial], [_PREFIX + state.input])
    after.join("Sub", [_PREFIX + state.output, initial], [output_of(name)])
