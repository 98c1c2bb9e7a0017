"""Optimizers, and the step that they take at each loss."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, GradientTensor, NetworkHandle, Optimizer, Sync
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

    from dnne_ros.learning.descent import Descent


class OptimizerNode(Node):
    """An optimizer of a network's weights; subclasses make it.

    Linked to a loss, it takes a step at each, as a `TrainingStep` does.
    """

    category = "learning"
    retired_widgets = (*Node.retired_widgets, "batch_size", "enable_bootstrap")
    outputs_with = {"loss": ("step_complete",)}

    model = Input(NetworkHandle(), "The network.", aliases=("network",))
    loss = Input(GradientTensor("float32"), "What is to become smaller, where no TrainingStep "
                 "takes the steps.", optional=True)
    optimizer = Output(Optimizer(), "The optimizer of its weights, for a TrainingStep; without a "
                       "loss here.", excludes="loss")
    step_complete = Output(Sync(), "With a loss linked: the next batch may come.",
                           starts_loop=True, needs="loss")

    def setup(self) -> None:
        """Wait for the network; the optimizer is made when it comes."""
        self._optimizer: torch.optim.Optimizer | None = None
        self._saved: NodeState | None = None

    def make(self, parameters: Any) -> torch.optim.Optimizer:
        """Return the optimizer with the widgets' settings."""
        raise TypeError(f"{type(self).__name__} does not define make()")

    def options(self) -> dict[str, Any]:
        """Return the settings that may change while it runs, by torch's names."""
        raise TypeError(f"{type(self).__name__} does not define options()")

    async def process(self) -> None:
        """Give the optimizer once; with a loss, learn from every one.

        `NotFiniteError` for one that is NaN or infinite, or whose gradient or step is.
        """
        from dnne_ros.supervised.optimizer_state import restore_optimizer

        model = await self.get_input("model")
        optimizer = self.make(model.parameters())
        # As torch does it, from 2.6 on, when it is given names.
        optimizer.param_groups[0]["param_names"] = [name for name, _ in model.named_parameters()]
        if self._saved is not None and not self.context.inference:
            try:
                restore_optimizer(optimizer, self._saved.tensors)
            except ValueError as error:
                raise InputError("checkpoint", [str(error)]) from None
        self._optimizer = optimizer
        await self.send_output(optimizer, "optimizer")
        if self.context.is_linked("loss"):
            await self._learn(optimizer)

    async def _learn(self, optimizer: torch.optim.Optimizer) -> None:
        """Take a step at each loss."""
        from dnne_ros.learning.descent import Descent

        descent = Descent(optimizer)
        for item in count(1):
            await self.send_output(None, "step_complete")
            loss = await self.get_input("loss")
            if not self.context.inference:
                descent.backward(loss, item)
                descent.step(item)

    def widget_changed(self, name: str) -> None:
        """Let the optimizer go on with the new settings."""
        if self._optimizer is not None:
            for group in self._optimizer.param_groups:
                group.update(self.options())

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save the moments."""
        from dnne_ros.supervised.optimizer_state import optimizer_tensors

        if self._optimizer is None:
            return self._saved
        return NodeState(tensors=optimizer_tensors(self._optimizer))

    def load_state(self, state: NodeState) -> None:
        """Keep the moments until the network comes."""
        self._saved = state


class SGDOptimizer(OptimizerNode):
    """Stochastic gradient descent with momentum."""

    learning_rate = Widget(0.01, "Step size.", minimum=0.0, maximum=1e6, live=True)
    momentum = Widget(0.9, "Share of the last step that is kept.", minimum=0.0, maximum=1.0,
                      live=True)
    weight_decay = Widget(0.0, "How strongly weights are drawn to zero.", minimum=0.0,
                          maximum=1e6, live=True)

    def make(self, parameters: Any) -> torch.optim.Optimizer:
        """Return torch's SGD."""
        from dnne_ros.learning.eager_optimizers import SGD

        return SGD(parameters, **self.options())

    def options(self) -> dict[str, Any]:
        """Return the widgets by torch's names."""
        return {"lr": self.learning_rate, "momentum": self.momentum,
                "weight_decay": self.weight_decay}


class AdamOptimizer(OptimizerNode):
    """Adam: steps scaled by the moments of each gradient."""

    aliases = ("Adam",)

    learning_rate = Widget(0.001, "Step size.", minimum=0.0, maximum=1e6, live=True)
    beta1 = Widget(0.9, "Decay of the mean of gradients.", minimum=0.0, maximum=0.999999,
                   live=True)
    beta2 = Widget(0.999, "Decay of the mean of their squares.", minimum=0.0, maximum=0.999999,
                   live=True)
    weight_decay = Widget(0.0, "How strongly weights are drawn to zero.", minimum=0.0,
                          maximum=1e6, live=True)

    def make(self, parameters: Any) -> torch.optim.Optimizer:
        """Return torch's Adam."""
        from dnne_ros.learning.eager_optimizers import Adam

        return Adam(parameters, **self.options())

    def options(self) -> dict[str, Any]:
        """Return the widgets by torch's names."""
        return {"lr": self.learning_rate, "betas": (self.beta1, self.beta2),
                "weight_decay": self.weight_decay}


class TrainingStep(Node):
    """Take one step of the optimizer for each loss, then ask for the next batch.

    The first request comes at the start, before any loss.  With --inference, weights stay as
    they are.
    """

    category = "learning"

    loss = Input(GradientTensor("float32"), "What is to become smaller: a single number.")
    optimizer = Input(Optimizer(), "Who takes the step.")
    trigger = Input(Sync(), "Lets the step go, one item each; unlinked: each loss does.",
                    optional=True)
    ready = Output(Sync(), "The next batch may come.", starts_loop=True,
                   aliases=("trigger", "step_complete"))
    grad_norm = Output(Float(), "Norm of all gradients before they are clipped.")
    gradient_clip = Widget(0.0, "Gradients whose norm is larger are scaled down to it; 0: as "
                           "they are.", minimum=0.0, maximum=1e6, live=True)

    async def process(self) -> None:
        """Learn from every loss.

        `NotFiniteError` for one that is NaN or infinite, or whose gradient or step is.
        """
        from dnne_ros.learning.descent import Descent

        await self.send_output(None, "ready")
        descent = Descent(await self.get_input("optimizer"))
        for item in count(1):
            loss = await self.get_input("loss")
            if not self.context.inference:
                descent.backward(loss, item)
            if self.context.is_linked("trigger"):
                await self.get_input("trigger")
            if not self.context.inference:
                await self._finish_step(descent, item)
            await self.send_output(None, "ready")

    async def _finish_step(self, descent: Descent, item: int) -> None:
        """Move the weights by gradients that are there."""
        if self.context.is_linked("grad_norm"):
            await self.send_output(descent.norm, "grad_norm")
        if self.gradient_clip > 0:
            descent.clip(self.gradient_clip)
        descent.step(item)
