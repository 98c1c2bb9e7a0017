"""Optimizers, and the step that they take at each loss."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.context import NodeContext
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, GradientTensor, NetworkHandle, Optimizer, Sync
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch


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
        """Give the optimizer once; with a loss, learn from every one."""
        from dnne_ros.supervised.optimizer_state import restore_optimizer

        model = await self.get_input("model")
        optimizer = self.make(model.parameters())
        if self._saved is not None and not self.context.inference:
            try:
                restore_optimizer(optimizer, self._saved.tensors)
            except ValueError as error:
                raise InputError("checkpoint", [str(error)]) from None
        self._optimizer = optimizer
        await self.send_output(optimizer, "optimizer")
        if self.context.is_linked("loss"):
            for item in count(1):
                await self.send_output(None, "step_complete")
                backward(await self.get_input("loss"), item, optimizer, self.context)
                step(optimizer, self.context)

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
    grad_norm = Output(Float(), "Norm of all gradients before they are clipped; computed where "
                       "it is linked.")
    gradient_clip = Widget(0.0, "Gradients whose norm is larger are scaled down to it; 0: as "
                           "they are.", minimum=0.0, maximum=1e6, live=True)

    async def process(self) -> None:
        """Learn from every loss; `NotFiniteError` for one that is NaN or infinite."""
        await self.send_output(None, "ready")
        optimizer = await self.get_input("optimizer")
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for item in count(1):
            backward(await self.get_input("loss"), item, optimizer, self.context)
            if self.context.is_linked("trigger"):
                await self.get_input("trigger")
            if not self.context.inference:
                await self._mind_the_norm(parameters)
            step(optimizer, self.context)
            await self.send_output(None, "ready")

    async def _mind_the_norm(self, parameters: list[torch.nn.Parameter]) -> None:
        """Give the norm of the gradients where it is linked, and clip them where that is asked."""
        if self.gradient_clip > 0:
            from torch.nn.utils import clip_grad_norm_

            norm = float(clip_grad_norm_(parameters, self.gradient_clip))
        elif self.context.is_linked("grad_norm"):
            norm = _norm(parameters)
        else:
            return
        await self.send_output(norm, "grad_norm")


def backward(loss: Any, item: int, optimizer: torch.optim.Optimizer, context: NodeContext
             ) -> None:
    """Set the gradients of a loss: a single number.  With --inference there are none.

    `InputError` if it has no gradient; `NotFiniteError` if it, the ``item``-th, is not finite.
    """
    from dnne_ros.learning.finite import check_finite

    if context.inference:
        return
    check_finite(loss.detach(), "loss", item)
    if not loss.requires_grad:
        raise InputError("loss", [
            "it has no gradient; expected one that comes from a Network's output"])
    optimizer.zero_grad()
    loss.backward()


def step(optimizer: torch.optim.Optimizer, context: NodeContext) -> None:
    """Move the weights.  With --inference, they stay as they are."""
    if not context.inference:
        optimizer.step()


def _norm(parameters: list[torch.nn.Parameter]) -> float:
    """Return the 2-norm of all gradients as one vector."""
    import torch

    norms = [p.grad.norm() for p in parameters if p.grad is not None]
    return float(torch.linalg.vector_norm(torch.stack(norms)))
