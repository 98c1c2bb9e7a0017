"""An optimizer of one's choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.supervised.optimizers import OptimizerNode

if TYPE_CHECKING:
    import torch

_CLASSES = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"}
_WITH_MOMENTUM = ("sgd", "rmsprop")


class Optimizer(OptimizerNode):
    """Take the steps of an optimizer of one's choice: Adam, AdamW, SGD or RMSprop.

    What is not a widget is as in PyTorch: Adam's betas are 0.9 and 0.999, RMSprop's alpha is 0.99.
    """

    optimizer_type = Widget("adam", "Which optimizer.", choices=tuple(_CLASSES))
    learning_rate = Widget(0.001, "Step size.", minimum=0.0, maximum=1e6, live=True)
    momentum = Widget(0.9, "Share of the last step that is kept, by sgd and rmsprop.",
                      minimum=0.0, maximum=1.0, live=True)
    weight_decay = Widget(0.0, "How strongly weights are drawn to zero; adamw does so beside the "
                          "gradient, the others through it.", minimum=0.0, maximum=1e6, live=True)

    def make(self, parameters: Any) -> torch.optim.Optimizer:
        """Return the optimizer from torch."""
        from dnne_ros.learning import eager_optimizers

        optimizer: torch.optim.Optimizer = getattr(
            eager_optimizers, _CLASSES[self.optimizer_type])(parameters, **self.options())
        return optimizer

    def options(self) -> dict[str, Any]:
        """Return the widgets by torch's names."""
        options = {"lr": self.learning_rate, "weight_decay": self.weight_decay}
        if self.optimizer_type in _WITH_MOMENTUM:
            options["momentum"] = self.momentum
        return options

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save the moments, and whose they are."""
        state = await super().save_state(aligned)
        return None if state is None else NodeState(
            tensors=state.tensors, values={"optimizer_type": self.optimizer_type})

    def load_state(self, state: NodeState) -> None:
        """Keep the moments until the network comes; ValueError if another optimizer has them."""
        saved = state.values["optimizer_type"]
        if saved != self.optimizer_type:
            raise ValueError(f"expected the moments of {self.optimizer_type}, found those of "
                             f"{saved}")
        super().load_state(state)
