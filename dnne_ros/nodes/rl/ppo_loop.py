"""A whole PPO training loop as one node of a drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dnne_ros.node_api.drawn import Assembly, CompositeNode, Part
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import (
    BalancingSettings,
    Dict,
    EnvironmentSettings,
    Model,
    PPOSettings,
)
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.flow.merge import ORNode
from dnne_ros.nodes.rl.policy_shape import parse_sizes
from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
from dnne_ros.nodes.rl.ppo_config import PPOConfig
from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode
from dnne_ros.nodes.simulation.action import ActionNode
from dnne_ros.nodes.simulation.environment_settings import IsaacGymEnvs
from dnne_ros.nodes.simulation.simulation import SimulatorStepNode

_LIST = re.compile(r"\[([\d,\s]*)\]")
_LINKS = (
    ("env.sim_handle", "step.sim_handle"), ("env.sim_handle", "action.sim_handle"),
    ("env.observations", "merge.input_a"), ("step.observations", "merge.input_b"),
    ("merge.output", "agent.observations"), ("agent.policy_output", "action.network_output"),
    ("action.action", "step.actions"), ("step.observations", "trainer.state"),
    ("agent.policy_output", "trainer.policy_output"), ("step.rewards", "trainer.reward"),
    ("step.done", "trainer.done"), ("agent.model", "trainer.model"),
    ("trainer.training_complete", "step.trigger"))
_ELSEWHERE = ("widget {!r}: expected an empty text, found {!r:.60}: a run goes on from a "
              "checkpoint with --load-checkpoint-dir")


class PPOAgent(CompositeNode):
    """Train a policy with PPO: short for the loop of environments, step, agent, action, trainer.

    When the graph is built, PPOAgent 2 becomes SimulatorEnv ``2:env``, SimulatorStep ``2:step``,
    OR ``2:merge``, PPOAgentNode ``2:agent``, Action ``2:action`` and PPOTrainer ``2:trainer``,
    whose widgets ``--set`` takes too (``2:trainer.gamma=0.98``).  A policy's actions from -1 to 1
    are the bounds of the task's.  A node with ``observations`` is a PPOAgentNode instead.
    """

    namesake_of = "PPOAgentNode"
    category = "learning"
    retired_widgets = (
        *Node.retired_widgets, "eval_interval", "eval_episodes", "log_interval", "save_path",
        "keep_checkpoints", "save_interval", "experiment_name", "multi_gpu")
    absent_outputs = {"eval_stats": "nothing comes from it: an evaluation is a run of its own, "
                      "with --inference --load-checkpoint-dir"}

    env = Input(EnvironmentSettings(), "Which environments: an IsaacGymEnvs.",
                aliases=("env_config",))
    config = Input(PPOSettings(), "How to learn: a PPOConfig.", aliases=("ppo_config",))
    balancing_config = Input(BalancingSettings(), "Of other run times; nothing here reads it.",
                             optional=True)
    agent = Output(Model(), "The policy.")
    training_stats = Output(Dict(), "Of each update: losses, learning rate, returns, counts.",
                            aliases=("metrics",))
    eval_stats = Output(Dict(), "Of other run times: evaluate with --inference instead.")
    max_iterations = Widget(0, "Updates until the run ends; 0: as many as the config says, else "
                            "the fewer count.", minimum=0, maximum=2**31 - 1)
    checkpoint_interval = Widget(100, "Updates between two checkpoints in --save-checkpoint-dir; "
                                 "0: none but the last.", minimum=0, maximum=2**31 - 1)
    resume_from = Widget("", "Must be empty: --load-checkpoint-dir says it.")
    network_mlp_layers = Widget("[256, 128, 64]", "Units of each hidden layer.")
    network_activation = Widget("elu", "Between the layers.",
                                choices=PPOAgentNode.activation.choices)
    separate_value_network = Widget(False, "Actor and critic share no layers.")
    load_checkpoint = Widget("", "Must be empty: --load-checkpoint-dir says it.")
    mixed_precision = Widget(False, "The networks learn in bfloat16.")
    action_space = PPOAgentNode.action_space
    action_dim = PPOAgentNode.action_dim
    init_log_std = PPOAgentNode.init_log_std

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the list of layer sizes, and that no checkpoint is named here."""
        problems = [_ELSEWHERE.format(name, values[name])
                    for name in ("resume_from", "load_checkpoint") if values[name]]
        try:
            parse_sizes(_listed(values["network_mlp_layers"]))
        except ValueError as error:
            problems.append("widget 'network_mlp_layers': expected sizes such as [256, 128, 64], "
                            f"found {values['network_mlp_layers']!r:.60} ({error})")
        return problems

    @classmethod
    def assemble(cls, values: Mapping[str, Any], settings: Mapping[str, Mapping[str, Any]]
                 ) -> Assembly:
        """Return the loop."""
        env = IsaacGymEnvs.environments(settings["env"])
        trainer = PPOConfig.of_trainer(settings["config"], env.values["num_envs"])
        ends = [updates for updates in (values["max_iterations"], trainer["max_updates"])
                if updates]
        interval = values["checkpoint_interval"]
        trainer |= {"max_updates": min(ends, default=0), "bfloat16": values["mixed_precision"],
                    "checkpoint_enabled": interval > 0}
        if ends:
            trainer["schedule_updates"] = min(ends)
        if interval:
            trainer |= {"checkpoint_trigger_type": "epoch",
                        "checkpoint_trigger_value": str(interval)}
        agent = {
            "hidden_sizes": _listed(values["network_mlp_layers"]),
            "activation": values["network_activation"],
            "shared_trunk": not values["separate_value_network"],
            "learning_rate": trainer["learning_rate"],
            **{name: values[name] for name in ("action_space", "action_dim", "init_log_std")},
            **PPOConfig.of_agent(settings["config"])}
        return Assembly(
            {"env": env, "step": Part(SimulatorStepNode), "merge": Part(ORNode),
             "agent": Part(PPOAgentNode, agent), "action": Part(ActionNode),
             "trainer": Part(PPOTrainerNode, trainer)},
            _LINKS, {"agent": "agent.model", "training_stats": "trainer.metrics"})


def _listed(text: str) -> str:
    """Return ``[256, 128]`` as ``256, 128``; another text as it is."""
    match = _LIST.fullmatch(text.strip())
    return match[1] if match else text
