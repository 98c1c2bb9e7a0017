"""What is special to the Cartpole task: its action and its reward."""

from __future__ import annotations

import math
from typing import Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Dict, PolicyOutput, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class CartpoleActionNode(Node):
    """Turn a policy's action in [-1, 1] into an effort on the cart in newtons.

    Actions outside are clamped.  A discrete policy's choice k of K becomes -1 + 2k/(K - 1):
    with two choices, full push to the left or right.
    """

    category = "robotics"
    without_torch = True

    network_output = Input(Tensor("float32", ("env", "action")), "Actions, or a policy's output.",
                           accepts_also=(PolicyOutput(),), aliases=("policy", "policy_output"))
    action = Output(Action(), "Effort on the cart, (env, 1), N.")
    max_push_effort = Widget(10.0, "Effort at an action of 1.", minimum=0.0, maximum=1000.0,
                             unit="N", live=True)

    def policy_interface(self) -> dict[str, Any]:
        """Say what an action of 1 means."""
        return {"action_scale": [self.max_push_effort], "action_units": ["N"]}

    def compute(self, network_output: Any) -> dict[str, Any]:
        """Clamp and scale."""
        actions = getattr(network_output, "actions", network_output)
        if getattr(network_output, "std", actions) is None:
            choices = network_output.mean.shape[1]
            actions = actions * (2.0 / max(choices - 1, 1)) - 1.0
        return {"action": actions.clip(-1.0, 1.0) * self.max_push_effort}


class CartpoleRewardNode(Node):
    """Compute Isaac Gym's Cartpole reward from observations.

    1 - θ² - 0.01·|v| - 0.005·|ω|, and -2 where the cart is farther out than ``reset_dist`` or the
    pole has fallen (|θ| > π/2), which ends the episode.
    """

    category = "robotics"

    observations = Input(Tensor("float32", ("env", "observation")),
                         "(env, 4): x m, v m/s, θ rad, ω rad/s.")
    reward_or_loss = Output(Tensor("float32", ("env",)), "The reward, or its negative.",
                            aliases=("reward", "loss"))
    done = Output(Tensor("bool", ("env",)), "Episodes that end.")
    info_dict = Output(Dict(), "Mean reward and number of ended episodes.", aliases=("info",))
    reset_dist = Widget(2.0, "Farthest legal cart position.", minimum=0.0, unit="m", live=True)
    invert_for_loss = Widget(True, "Give the negative reward, to be minimised.", live=True)

    def compute(self, observations: Any) -> dict[str, Any]:
        """Evaluate the reward for each environment."""
        import torch

        position, velocity, angle, spin = observations.unbind(dim=1)
        done = (position.abs() > self.reset_dist) | (angle.abs() > math.pi / 2)
        reward = 1.0 - angle * angle - 0.01 * velocity.abs() - 0.005 * spin.abs()
        reward = torch.where(done, torch.full_like(reward, -2.0), reward)
        return {
            "reward_or_loss": -reward if self.invert_for_loss else reward,
            "done": done,
            "info_dict": {"mean_reward": reward.mean().item(), "ended": int(done.sum())},
        }
