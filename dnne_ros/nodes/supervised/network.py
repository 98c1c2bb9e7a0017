"""A network, built of the layers that are drawn between two of its ports."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.checkpoint_trigger import (
    CheckpointTrigger,
    checkpoint_widgets,
    trigger_problems,
)
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import (
    GradientTensor,
    Layers,
    NetworkHandle,
    Schema,
    Tensor,
)
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch


class Network(Node):
    """Run inputs through the layers between ``layers`` and ``to_output``.

    The layers become one `torch.nn.Sequential`, whose sizes follow from the data's schema (or,
    without one, from the first batch) and from the layers before.  With --inference, outputs
    carry no gradient and dropout and batch normalisation evaluate.
    """

    category = "learning"

    input = Input(Tensor("float32"), "A batch: (sample, …).")
    to_output = Input(Layers(), "The end of the chain of layers.")
    schema = Input(Schema(), "Shape of a sample.", optional=True, follows=("input", "schema"))
    layers = Output(Layers(), "The start of the chain of layers.", starts_loop=True)
    output = Output(GradientTensor("float32"), "What the last layer says: (sample, …).")
    model = Output(NetworkHandle(), "The module, for an optimizer.")
    checkpoint_enabled, checkpoint_trigger_type, checkpoint_trigger_value = (
        checkpoint_widgets("50", enabled=True))
    checkpoint_load_on_start = Widget(
        False, "Go on from the checkpoint in --save-checkpoint-dir, if there is one.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that the checkpoint trigger's value suits its type."""
        return trigger_problems(values)

    def setup(self) -> None:
        """Seed dropout and say when to save; the module is made when the layers are known."""
        import torch

        from dnne_ros.node_api.seeding import node_seed

        self._dropout = torch.Generator()
        self._dropout.manual_seed(node_seed(self.context.seed, self.context.node_id))
        self._module: torch.nn.Sequential | None = None
        self._saved: NodeState | None = None
        self._trigger = None
        if self.checkpoint_enabled and not self.context.inference:
            self._trigger = CheckpointTrigger(
                self.checkpoint_trigger_type, self.checkpoint_trigger_value)
            self.context.save_when(self._trigger)

    async def process(self) -> None:
        """Build the module, hand it out, and run every batch through it.

        `NotFiniteError` for a batch that makes a moment of batch normalisation NaN or infinite.
        """
        import torch

        await self.send_output((), "layers")
        layers = await self.get_input("to_output")
        batch = None
        if self.context.is_linked("schema"):
            schema = await self.get_input("schema")
        else:
            batch = await self.get_input("input")
            schema = {"shape": batch.shape[1:]}
        self._module = module = self._build(layers, schema)
        await self.send_output(module, "model")
        gradients = torch.no_grad if self.context.inference else contextlib.nullcontext
        moments = {name: buffer for name, buffer in module.named_buffers() if module.training}
        for item in count(1):
            if batch is None:
                batch = await self.get_input("input")
            with gradients():
                output = module(batch)
            _check_moments(moments, batch, item)
            await self.send_output(output, "output")
            batch = None

    def _build(self, layers: tuple[dict[str, Any], ...], schema: Mapping[str, Any]
               ) -> torch.nn.Sequential:
        """Return the module with its first or saved weights; `InputError` if it cannot be."""
        from dnne_ros.node_api.seeding import node_seed
        from dnne_ros.supervised.chain import build_chain
        from dnne_ros.supervised.layers import text

        seed = node_seed(self.context.seed, self.context.node_id + "/weights")
        try:
            module, shape = build_chain(layers, tuple(schema["shape"]), seed, self._dropout)
        except ValueError as error:
            raise InputError("layers", [str(error)]) from None
        classes = schema.get("classes", 0)
        if classes and (len(shape) != 1 or shape[0] < classes):
            raise InputError("layers", [
                f"expected an output for each of the {classes} classes at the end of the chain, "
                f"found {text(shape)}"])
        if not any(True for _ in module.parameters()):
            raise InputError("layers", ["none of them has weights to learn"])
        if self._saved is not None:
            from dnne_ros.learning.fitting import misfits

            shapes = {name: tensor.shape for name, tensor in module.state_dict().items()}
            if lines := misfits(shapes, self._saved.weights):
                raise InputError("checkpoint", lines)
            module.load_state_dict(self._saved.weights)
        self.context.log.info(
            f"{len(layers)} layers, {sum(p.numel() for p in module.parameters()):,} weights, "
            f"{text(tuple(schema['shape']))} → {text(shape)}")
        return module.eval() if self.context.inference else module

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save weights, dropout's random state, and the best metric so far."""
        if self._module is None:
            return self._saved
        return NodeState(
            weights=dict(self._module.state_dict()),
            tensors={"dropout": self._dropout.get_state()},
            values={"best_metric": self._trigger.best if self._trigger else None})

    def load_weights(self, weights: Mapping[str, torch.Tensor],
                     layers: Sequence[Mapping[str, Any]]) -> None:
        """Begin with another program's weights: by their names, or in the order of the layers."""
        from dnne_ros.learning.fitting import misfits, named_as
        from dnne_ros.supervised.chain import saved_shapes

        expected = saved_shapes(layers)
        found = named_as(expected, weights)
        if lines := misfits(expected, found):
            raise InputError("weights", lines)
        self._saved = NodeState(weights=found, tensors={"dropout": self._dropout.get_state()},
                                values={"best_metric": None})

    def load_state(self, state: NodeState) -> None:
        """Keep the weights until the layers are known."""
        self._saved = state
        self._dropout.set_state(state.tensors["dropout"])
        if self._trigger is not None:
            self._trigger.best = state.values["best_metric"]


def _check_moments(moments: Mapping[str, torch.Tensor], batch: torch.Tensor, item: int) -> None:
    """Raise `NotFiniteError` if the ``item``-th batch has left a moment that is not finite."""
    from dnne_ros.arrays import first_not_finite
    from dnne_ros.learning.finite import NotFiniteError, check_finite

    spoilt = first_not_finite(moments.items())
    if spoilt is not None:
        check_finite(batch, "input", item, rows="sample")
        raise NotFiniteError(f"input 'input', item {item}: {spoilt} is not finite after it, whose "
                             f"largest number is {batch.abs().max().item():g}")
