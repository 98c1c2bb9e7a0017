"""The trainer: pairs what comes back from the simulator with what the policy said, and learns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.nodes.checkpoint_trigger import CheckpointTrigger, checkpoint_widgets
from dnne_ros.nodes.node import Node
from dnne_ros.nodes.port_types import Dict, Float, Model, PolicyOutput, Sync, Tensor
from dnne_ros.nodes.ports import Input, Output
from dnne_ros.nodes.state import NodeState
from dnne_ros.nodes.widget import Widget

if TYPE_CHECKING:
    import torch

    from dnne_ros.rl.ppo import PPO
    from dnne_ros.rl.rollout import Rollout

_BREATHE_SECONDS = 0.005
_OBSERVATIONS = Tensor("float32", ("env", "observation"))
_PER_ENV = Tensor("float32", ("env",))


class PPOTrainerNode(Node):
    """Train the agent's policy with PPO.

    Each round takes one transition of every environment: the policy output of step t with the
    reward and done that its action led to, and answers with ``training_complete``.  When
    ``horizon_length`` of them are there, the policy is updated first.  Episodes that ran out of
    time are bootstrapped with the value of the observation before the reset; where that is not
    linked, with the value at step t.  The value after the last transition is that of ``state``.
    """

    category = "learning"
    announces_boundaries = True

    state = Input(_OBSERVATIONS, "Observations after the step.")
    policy_output = Input(PolicyOutput(), "What the policy said before the step.",
                          aliases=("policy",))
    reward = Input(_PER_ENV, "Rewards of the step.", aliases=("rewards",))
    done = Input(Tensor("bool", ("env",)), "Episodes that the step ended.", aliases=("dones",))
    model = Input(Model(), "The policy to train.", trains=True)
    info = Input(Dict(), "time_outs: which episodes ran out of time.", optional=True,
                 follows=("done", "info"))
    next_observations = Input(_OBSERVATIONS, "Observations before any reset.", optional=True,
                              follows=("done", "next_observations"))
    loss = Output(Tensor("float32"), "Mean loss of an update.")
    training_complete = Output(Sync(), "After each transition: the next step may go.")
    mean_return = Output(Float(), "Mean return of the last 100 finished episodes.")

    horizon_length = Widget(16, "Steps between two updates.", minimum=1, maximum=1_000_000,
                            fixed_because="it fixes the size of the rollout")
    num_epochs = Widget(4, "Passes over a rollout in an update.", minimum=1, maximum=10_000,
                        live=True)
    minibatch_size = Widget(32, "Transitions in a minibatch.", minimum=1, maximum=2**31 - 1,
                            live=True)
    gamma = Widget(0.99, "Discount of future rewards.", minimum=0.0, maximum=1.0, live=True)
    gae_lambda = Widget(0.95, "Weight of longer advantage estimates.", minimum=0.0, maximum=1.0,
                        live=True)
    clip_param = Widget(0.2, "How far the probability ratio may go from 1.", minimum=0.0,
                        maximum=10.0, live=True)
    value_coef = Widget(0.5, "Weight of the value loss.", minimum=0.0, maximum=1e6, live=True)
    entropy_coef = Widget(0.01, "Weight of the entropy bonus.", minimum=0.0, maximum=1e6,
                          live=True)
    learning_rate = Widget(3e-4, "Adam's step size.", minimum=0.0, maximum=10.0, live=True)
    max_grad_norm = Widget(0.5, "Gradients are scaled down to this norm.", minimum=0.0,
                           maximum=1e6, live=True)
    checkpoint_enabled, checkpoint_trigger_type, checkpoint_trigger_value = (
        checkpoint_widgets("10"))

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that the checkpoint trigger's value suits its type."""
        try:
            CheckpointTrigger(values["checkpoint_trigger_type"],
                              values["checkpoint_trigger_value"])
        except ValueError as error:
            return [f"widget 'checkpoint_trigger_value': {error}"]
        return []
