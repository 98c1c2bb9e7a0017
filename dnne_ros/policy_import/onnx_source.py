"""ONNX files of other programs, rsl_rl's and Isaac Lab's ``policy.onnx`` among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.durable_files import read_file

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

_MIN_OPSET = 11
"""From which on Clip takes its bounds as inputs."""


def read_onnx(path: Path) -> ModelProto:
    """Return a model with all of its weights in it.

    Raises OSError if it cannot be read, ValueError naming each file with weights that is missing,
    damaged, or outside of the model's folder, and for what is no model.
    """
    import onnx
    from onnx import external_data_helper

    try:
        model: ModelProto = onnx.load_model_from_string(read_file(path))
    except OSError:
        raise
    except Exception as error:  # whatever protobuf makes of a file
        raise ValueError(f"expected an ONNX model, found none: {error!s:.200}") from None
    opset = next((each.version for each in model.opset_import if not each.domain), 0)
    if opset < _MIN_OPSET:
        raise ValueError(f"expected an ONNX model of opset {_MIN_OPSET} or newer, found {opset}")
    _check_external(path.parent, model.graph)
    try:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # of the helper and the checker
        raise ValueError(f"not a sound ONNX model: {' '.join(str(error).split())[:300]}"
                         ) from None
    return model


def real_inputs(graph: GraphProto) -> list[Any]:
    """Return the inputs that are not weights, which older files list among them."""
    weights = {each.name for each in graph.initializer}
    return [each for each in graph.input if each.name not in weights]


def shape_of(port: Any) -> list[int]:
    """Return the lengths of a port's axes, 0 where any will do."""
    return [axis.dim_value for axis in port.type.tensor_type.shape.dim]


def _check_external(folder: Path, graph: GraphProto) -> None:
    """Raise ValueError for weights in files that are not there, or are not in ``folder``."""
    described = [{entry.key: entry.value for entry in tensor.external_data}
                 for tensor in _tensors(graph) if tensor.external_data]
    locations = sorted({entries.get("location", "") for entries in described})
    if unreadable := [name for name in locations if not name or "\0" in name]:
        raise ValueError(f"names weights in files that cannot be: {unreadable}")
    outside = [name for name in locations if not _is_inside(folder, name)]
    if outside:
        raise ValueError(f"names weights outside of its folder: {', '.join(outside)[:200]}")
    missing = [name for name in locations if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"has its weights in {', '.join(missing)[:200]}, which is not beside it: "
                         "copy that file along")
    stated = {(entries["location"], entries["checksum"].lower()) for entries in described
              if entries.get("checksum")}
    damaged = sorted({name for name, digest in stated if digest != hashlib.sha1(
        read_file(folder / name), usedforsecurity=False).hexdigest()})
    if damaged:
        raise ValueError(f"{', '.join(damaged)[:200]}: the SHA-1 is not the one that the model "
                         "states of its weights: copy that file anew")


def _is_inside(folder: Path, name: str) -> bool:
    return not Path(name).is_absolute() and \
        (folder / name).resolve().is_relative_to(folder.resolve())


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Yield all tensors of a graph, those of graphs inside it too."""
    yield from graph.initializer
    for attribute in (each for node in graph.node for each in node.attribute):
        yield attribute.t
        yield from attribute.tensors
        graphs: Sequence[GraphProto] = [attribute.g, *attribute.graphs]
        for inner in graphs:
            if inner.node or inner.initializer:
                yield from _tensors(inner)
