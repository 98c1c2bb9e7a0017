"""A chain of layer descriptions becomes one module."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from dnne_ros.supervised.layers import Shape, make_layer, text


def build_chain(layers: Iterable[Mapping[str, Any]], shape: Shape, seed: int,
                dropout: torch.Generator) -> tuple[nn.Sequential, Shape]:
    """Return the module of a chain for inputs of ``shape``, and the shape of its outputs.

    Shapes are those of one sample.  ``seed`` decides the weights, ``dropout`` is the generator
    of all dropout layers.  Each module is named after its node, ``linear_layer_42``, with a
    suffix such as ``_relu`` for what follows in the same node.  ValueError if a layer cannot
    take what comes to it, with the shapes along the way.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    way = text(shape)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for layer in layers:
            way += f" → {layer['title']} ({layer['node']})"
            try:
                made = make_layer(layer, shape, dropout)
                for _, module in made:
                    shape = tuple(module.eval()(torch.zeros(1, *shape)).shape[1:])
            except (ValueError, RuntimeError) as error:  # torch refuses with a RuntimeError
                raise ValueError(f"{way}: {error}") from None
            for suffix, module in made:
                modules[f"{layer['node']}_{suffix}".rstrip("_")] = module
            way += f" → {text(shape)}"
    return nn.Sequential(modules).train(), shape


def saved_shapes(layers: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int | None, ...]]:
    """Return the shapes of a chain's saved tensors by name, in order; None: a length not known.

    That is what follows from the layers alone, whatever comes to the first of them.
    """
    shapes: dict[str, tuple[int | None, ...]] = {}
    width: int | None = None  # how many features or channels come
    flat = True  # whether those are all that comes
    for layer in layers:
        name, kind = layer["node"], layer["kind"]
        if kind in ("linear", "conv2d"):
            size = (layer["kernel_size"],) * 2 if kind == "conv2d" else ()
            before = None if kind == "linear" and not flat else width
            width = layer["out_channels" if kind == "conv2d" else "output_size"]
            flat = kind == "linear"
            shapes[f"{name}.weight"] = (width, before, *size)
            if layer.get("bias", True):
                shapes[f"{name}.bias"] = (width,)
        elif kind == "batch_norm":
            shapes |= {f"{name}.{part}": (width,) for part in (
                "weight", "bias", "running_mean", "running_var")}
            shapes[f"{name}.num_batches_tracked"] = ()
        elif kind == "flatten" and not flat:
            width, flat = None, True
    return shapes
