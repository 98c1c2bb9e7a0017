"""The trainer's settings in a node of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.node_api.drawn import SettingsNode
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PPOSettings
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode as Trainer

_SCHEDULES = {"constant": "fixed", "linear": "linear", "adaptive": "adaptive"}
_SAME = ("learning_rate", "num_epochs", "clip_param", "entropy_coef", "gamma", "gae_lambda",
         "horizon_length", "bounds_loss_coef")
"""Widgets that the trainer has under the same name."""
_RENAMED = {"value_loss_coef": "value_coef", "lr_schedule_kl_threshold": "desired_kl",
            "use_clipped_value_loss": "clip_value_loss", "reward_shaper_scale": "reward_scale",
            "max_iterations": "max_updates"}


def _as_in_trainer(name: str, default: float | int, doc: str = "") -> Widget:
    """Return a widget with the bounds of the trainer's ``name``."""
    of_trainer = Trainer.widgets[name]
    return Widget(default, doc or of_trainer.doc, minimum=of_trainer.minimum,
                  maximum=of_trainer.maximum)


class PPOConfig(SettingsNode):
    """Settings of PPO for the PPOAgent that it is linked to.

    They become widgets of the trainer (``2:trainer`` of PPOAgent 2) when the graph is built;
    ``normalize_input`` and ``normalize_value`` those of the agent.  Advantages are always
    normalised.
    """

    category = "learning"
    retired_widgets = (*Node.retired_widgets, "e_clip")

    config = Output(PPOSettings(), "For PPOAgent.")
    learning_rate = _as_in_trainer("learning_rate", 3e-4)
    num_epochs = _as_in_trainer("num_epochs", 4)
    minibatch_size = _as_in_trainer("minibatch_size", 8192, "Transitions in a minibatch; no more "
                                    "than a rollout has.")
    clip_param = _as_in_trainer("clip_param", 0.2)
    value_loss_coef = _as_in_trainer("value_coef", 0.5)
    entropy_coef = _as_in_trainer("entropy_coef", 0.01)
    gamma = _as_in_trainer("gamma", 0.99)
    gae_lambda = _as_in_trainer("gae_lambda", 0.95)
    max_grad_norm = _as_in_trainer("max_grad_norm", 0.5)
    horizon_length = _as_in_trainer("horizon_length", 16)
    max_iterations = _as_in_trainer("max_updates", 10_000, "Updates until the run ends; 0: it "
                                    "goes on.")
    lr_schedule = Widget("constant", "How the learning rate changes.", choices=tuple(_SCHEDULES))
    lr_schedule_kl_threshold = _as_in_trainer("desired_kl", 0.008)
    use_clipped_value_loss = Widget(True, Trainer.clip_value_loss.doc)
    normalize_advantage = Widget(True, "Must be true: advantages are always normalised.")
    normalize_input = Widget(True, "The networks see observations in running standard deviations "
                             "from the mean.")
    normalize_value = Widget(True, "The critic learns values in running standard deviations from "
                             "the mean return.")
    reward_shaper_scale = _as_in_trainer("reward_scale", 1.0)
    truncate_grads = Widget(True, "Scale gradients down to max_grad_norm.")
    bounds_loss_coef = _as_in_trainer("bounds_loss_coef", 1e-4)
    num_minibatches = Widget(0, "Minibatches in a pass over a rollout, in the place of "
                             "minibatch_size; 0: that counts.", minimum=0, maximum=1_000_000)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Refuse what PPO here does not do."""
        return [] if values["normalize_advantage"] else [
            "widget 'normalize_advantage': expected true, found false: advantages are always "
            "normalised, over the whole rollout"]

    @staticmethod
    def of_trainer(values: Mapping[str, Any], num_envs: int) -> dict[str, Any]:
        """Return the values of the trainer's widgets, for so many environments."""
        minibatch = values["minibatch_size"]
        if values["num_minibatches"]:
            minibatch = max(1, values["horizon_length"] * num_envs // values["num_minibatches"])
        unlimited = Trainer.widgets["max_grad_norm"].maximum
        return {
            **{name: values[name] for name in _SAME},
            **{of_trainer: values[name] for name, of_trainer in _RENAMED.items()},
            "minibatch_size": minibatch, "lr_schedule": _SCHEDULES[values["lr_schedule"]],
            "max_grad_norm": values["max_grad_norm"] if values["truncate_grads"] else unlimited}

    @staticmethod
    def of_agent(values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the agent's widgets."""
        return {"normalize_observations": values["normalize_input"],
                "normalize_values": values["normalize_value"]}
