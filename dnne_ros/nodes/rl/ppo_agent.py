"""The agent: a policy that acts on observations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import has_torch
from dnne_ros.errors import InputError
from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Boolean, Model, PolicyOutput, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.rl.policy_shape import policy_spec, shape_problems
from dnne_ros.toolkit.side_by_side import side_by_side

if TYPE_CHECKING:
    import torch

    from dnne_ros.nodes.rl.frozen_agent import FrozenAgent
    from dnne_ros.rl.policy_spec import PolicySpec
    from dnne_ros.rl.shared_policy import SharedPolicy

_OBSERVATIONS = Tensor("float32", ("env", "observation"))
_SHAPES = "it fixes the shape of the network"


class PPOAgentNode(Node):
    """Act on observations with an actor-critic policy.

    The policy is made when the first observations tell their size.  While a trainer is linked to
    ``model``, the agent acts with the weights that are due at each step (see
    `dnne_ros.rl.shared_policy`); in inference it gives the mean action.  A run for inference needs
    no torch: onnxruntime then computes what the checkpoint's policy says.

    A policy with a ``memory`` begins each episode without one: ``done`` tells it of their ends,
    and a robot that was stopped of a ``reset``.  In inference it begins without one, too.
    """

    category = "learning"
    answers_items = True

    observations = Input(_OBSERVATIONS, "What the policy sees.")
    critic_observations = Input(_OBSERVATIONS, "What the critic sees, if that is something else; "
                                "not needed with --inference.", optional=True)
    done = Input(Tensor("bool", ("env",)), "Episodes that ended on the way to the observations, "
                 "in which a policy with a memory forgets.", optional=True, aliases=("dones",),
                 free_first_round=True)
    reset = Input(Boolean(), "Let a policy with a memory begin anew; false: nothing is asked.",
                  optional=True, accepts_also=(Sync(),), free_first_round=True)
    policy_output = Output(PolicyOutput(), "Observations, actions, log π(a), value, mean, std.",
                           aliases=("policy",))
    model = Output(Model(), "The policy itself.")
    hidden_sizes = Widget("64,64", "Units of each hidden layer, separated by commas.",
                          fixed_because=_SHAPES)
    activation = Widget("elu", "Between the layers.", choices=("relu", "tanh", "elu"),
                        fixed_because=_SHAPES)
    action_space = Widget("continuous", "Gaussian actions, or a choice.",
                          choices=("continuous", "discrete"), fixed_because=_SHAPES)
    action_dim = Widget(1, "Size of an action; with discrete actions, the number of choices.",
                        minimum=1, maximum=100_000, fixed_because=_SHAPES)
    learning_rate = Widget(3e-4, "Kept from older files: the trainer's own learning_rate counts.",
                           minimum=0.0, maximum=10.0,
                           fixed_because="the trainer's learning_rate is the one that counts")
    deterministic = Widget(False, "Give the mean action instead of a sample.", live=True)
    init_log_std = Widget(0.0, "Logarithm of the standard deviation at the start.",
                          minimum=-20.0, maximum=5.0,
                          fixed_because="it is where training starts from")
    shared_trunk = Widget(False, "Actor and critic share the hidden layers.",
                          fixed_because=_SHAPES)
    normalize_observations = Widget(
        False, "The networks see observations in running standard deviations from the mean.",
        fixed_because=_SHAPES)
    normalize_values = Widget(
        False, "The critic learns values in running standard deviations from the mean return.",
        fixed_because=_SHAPES)
    runtime = Widget("auto", "What computes with --inference: torch, or onnxruntime on the CPU, "
                     "with CUDA or TensorRT; auto: torch, or the CPU where it is not installed.",
                     choices=("auto", "torch", "cpu", "cuda", "tensorrt"))
    memory = Widget("none", "Recurrent layers before the others, of actor and critic each.",
                    choices=("none", "gru", "lstm"), fixed_because=_SHAPES)
    memory_size = Widget(64, "Units of each recurrent layer.", minimum=1, maximum=100_000,
                         fixed_because=_SHAPES)
    memory_layers = Widget(1, "Recurrent layers.", minimum=1, maximum=100,
                           fixed_because=_SHAPES)
    critic_hidden_sizes = Widget("", "Those of the critic, if they are others.",
                                 fixed_because=_SHAPES)
    std_type = Widget("log", "The standard deviation is learned as logarithm, or as it is.",
                      choices=("log", "scalar"), fixed_because=_SHAPES)
    squash = Widget(False, "Actions go through tanh, which keeps them within ±1.",
                    fixed_because=_SHAPES)
    action_choices = Widget("", "With discrete actions that are several choices: so many of "
                            "each, such as 3,3,2; empty: one choice of action_dim.",
                            fixed_because=_SHAPES)
    picture = Widget("", "Channels, height and width of the picture that the last numbers of an "
                     "observation are, such as 3x64x64; empty: there is none.",
                     fixed_because=_SHAPES)
    convolutions = Widget("16:8:4, 32:4:2", "On the picture, layer by layer: kernels, their size, "
                          "and the stride.", fixed_because=_SHAPES)

    @classmethod
    def runs_without_torch(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether onnxruntime computes; it never does in training."""
        return bool(values["runtime"] != "torch")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the lists of sizes, and what does not go together."""
        return shape_problems(values)

    def setup(self) -> None:
        """Choose what computes, and seed the generator that actions are drawn with."""
        from dnne_ros.learning.finite import check_finite
        from dnne_ros.rl.remembering import Remembering

        self._check_finite = check_finite
        self._shared: SharedPolicy | None = None
        self._saved: NodeState | None = None
        self._frozen: FrozenAgent | None = None
        self._remembering = Remembering()
        self._item = 0
        self._is_due = asyncio.Event()
        """What is remembered is that of the item which comes next."""
        if self.memory != "none" and not self.context.inference \
                and not self.context.is_linked("done"):
            raise InputError("input 'done'", [
                f"expected a link with memory={self.memory}: episodes begin without a memory"])
        self._runtime = self.runtime
        if self.runtime == "auto":
            self._runtime = "torch" if has_torch() else "cpu"
        if self._runtime != "torch":
            self._check_frozen()
            return
        import torch

        from dnne_ros.node_api.seeding import node_seed

        torch.set_num_threads(1)  # small networks: threads cost more than they save
        self._generator = torch.Generator()
        self._generator.manual_seed(node_seed(self.context.seed, self.context.node_id))

    def _check_frozen(self) -> None:
        """Raise `InputError` where only torch can do what is asked for."""
        if not self.context.inference:
            raise InputError("runtime", [
                f"expected --inference with runtime={self._runtime}: training takes torch"
                + ("" if has_torch() else ", which is not installed: pip install "
                   "'dnne_ros[train]'")])
        if self.context.is_linked("model"):
            raise InputError("output 'model'", [
                f"expected no link with runtime={self._runtime}: a model is one of torch"])

    async def process(self) -> None:
        """Give the model once, then an output for each item of observations.

        Raises `NotFiniteError` for an observation that is NaN or infinite.
        """
        acting = self._act_in_torch() if self._runtime == "torch" else self._act_frozen()
        if self.context.is_linked("reset"):
            await side_by_side(acting, self._hear_resets())
        else:
            await acting

    async def _hear_resets(self) -> None:
        while True:
            if await self.get_input("reset") is not False:
                self._remembering.reset()
                if self._frozen is not None:
                    self._frozen.reset()

    async def _act_frozen(self) -> None:
        if self._frozen is None:
            raise InputError("runtime", [
                f"expected a trained policy (--load-checkpoint-dir) with runtime={self._runtime}"])
        frozen, items, rounds = self._frozen, count(1), count()

        def act(observations: torch.Tensor, critic_observations: torch.Tensor | None = None
                ) -> dict[str, Any]:
            self._check_finite(observations, "observations", next(items))
            return {"policy_output": frozen.act(observations, critic_observations)}

        ports = tuple(port for port in ("observations", "critic_observations")
                      if self.context.is_linked(port))
        if not self.context.is_linked("done"):
            await answer_items(self, ports, act)
        while True:
            given = [await self.get_input(port) for port in ports]
            if next(rounds):
                frozen.forget(await self.get_input("done"))
            await self.send_output(act(*given)["policy_output"], "policy_output")

    async def _act_in_torch(self) -> None:
        seen = tuple(port for port in ("observations", "critic_observations")
                     if self.context.is_linked(port))
        self._item = 0
        self._is_trained = self.context.trainers("model") > 0
        await self._act_when_due(seen)  # no episode has ended on the way to the first item
        ports = (*seen, "done") if self.context.is_linked("done") else seen

        with self.context.answering(
                ports, lambda *items: self._act(self._look_at(ports, items)), self._may_act):
            while True:
                await self._act_when_due(ports)

    def _may_act(self) -> bool:
        """Tell whether the weights are there for the item that comes next."""
        return self._shared is not None and (
            not self._is_trained or self._shared.is_ready_for(self._item))

    async def _act_when_due(self, ports: Sequence[str]) -> None:
        """Take an item of each of ``ports``, and act with the weights that are for it."""
        given = self._look_at(ports, [await self.get_input(port) for port in ports])
        if self._shared is None:
            observations, for_critic = given["observations"], given.get("critic_observations")
            self._shared = self._make_policy(
                observations.shape[1], 0 if for_critic is None else for_critic.shape[1])
            self._move_to(observations.device, self._shared)
            await self.send_output(self._shared, "model")
        self._is_due.set()
        if self._is_trained:
            self.awaits_trainer = "model"
            await self._shared.ready_for(self._item)
            self.awaits_trainer = ""
        self._is_due.clear()
        await self.send_output(self._act(given)["policy_output"], "policy_output")

    def _look_at(self, ports: Sequence[str], items: Sequence[torch.Tensor]
                 ) -> dict[str, torch.Tensor]:
        """Return the items by port; forget what ended with them, and raise for what is none."""
        given = dict(zip(ports, items, strict=True))
        for port, item in given.items():
            if port != "done":
                self._check_finite(item, port, self._item + 1)
        if "done" in given:
            self._remembering.forget(given["done"])
        return given

    def _act(self, given: Mapping[str, torch.Tensor]) -> dict[str, Any]:
        """Act on an item; to be called when the weights for it are there."""
        assert self._shared is not None  # it was made with the first item
        output = self._remembering.act(
            self._shared.policy, given["observations"], self._generator,
            critic_observations=given.get("critic_observations"),
            deterministic=self.deterministic or self.context.inference)
        self._item += 1
        return {"policy_output": output}

    def _move_to(self, device: torch.device, shared: SharedPolicy) -> None:
        """Act where observations are; a generator of another device draws other numbers."""
        import torch

        from dnne_ros.node_api.seeding import node_seed

        shared.policy.to(device)
        if self._generator.device != device:
            self._generator = torch.Generator(device)
            self._generator.manual_seed(node_seed(self.context.seed, self.context.node_id))

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save weights, random state and memory, at a boundary with the weights that come next.

        What is remembered has then heard of the ends of episodes, which no trainer waits for.
        """
        if self._shared is None:
            return self._saved
        if aligned and self.context.trainers("model"):
            await self._shared.held()
            if self.memory != "none":
                await self._is_due.wait()
        policy = self._shared.policy
        memory = self._remembering.memory
        remembered = {} if memory is None else {"memory": memory}
        return NodeState(
            weights={name: tensor.detach() for name, tensor in policy.state_dict().items()},
            tensors={"generator": self._generator.get_state(), **remembered},
            values={"architecture": policy.spec.to_json()})

    def load_state(self, state: NodeState) -> None:
        """Take the saved policy; ValueError if it has another shape than the widgets say."""
        from dnne_ros.rl.policy_spec import PolicySpec

        saved = PolicySpec.from_json(state.values["architecture"])
        wanted = replace(self._spec(saved.observation_size, saved.critic_observation_size),
                         init_log_std=saved.init_log_std)
        differences = [
            f"{name} is {value} in the checkpoint and {asked} in the workflow"
            for (name, value), asked in zip(
                asdict(saved).items(), asdict(wanted).values(), strict=True)
            if value != asked]
        if differences:
            raise ValueError("; ".join(differences))
        self._saved = state
        if self._runtime != "torch":
            self._freeze(saved.to_json(), state.weights)
            return
        self._shared = None
        # Raises now rather than at the first item.
        self._make_policy(saved.observation_size, saved.critic_observation_size)
        self._generator.set_state(state.tensors["generator"])
        if not self.context.inference and not self.context.new_episodes:
            self._remembering.memory = state.tensors.get("memory")

    def _freeze(self, architecture: Mapping[str, Any], weights: Mapping[str, torch.Tensor]
                ) -> None:
        from dnne_ros.nodes.rl.frozen_agent import FrozenAgent

        self._frozen = FrozenAgent(architecture, weights, self._runtime, self.context.health,
                                   self.context.log.warning,
                                   strict=self.context.strict_runtime)

    def load_weights(self, weights: Mapping[str, torch.Tensor], layers: Any) -> None:
        """Begin with another program's policy; its first layer tells the observations' size."""
        from dnne_ros.rl.first_policy import policy_of_weights

        spec, weights = policy_of_weights(self._spec, weights, self.shared_trunk)
        if self._runtime != "torch":
            self._freeze(spec.to_json(), weights)
            return
        self._saved = NodeState(weights, {"generator": self._generator.get_state()},
                                {"architecture": spec.to_json()})
        self._shared = None

    def _spec(self, observation_size: int, critic_observation_size: int = 0) -> PolicySpec:
        return policy_spec(self.values, observation_size, critic_observation_size)

    def _make_policy(self, observation_size: int, critic_observation_size: int) -> SharedPolicy:
        import torch

        from dnne_ros.node_api.seeding import node_seed
        from dnne_ros.rl.first_policy import first_policy
        from dnne_ros.rl.policy_spec import PolicySpec

        weights = torch.Generator()
        weights.manual_seed(node_seed(self.context.seed, self.context.node_id + "/weights"))
        saved = None if self._saved is None else (
            PolicySpec.from_json(self._saved.values["architecture"]), self._saved.weights)
        return first_policy(self._spec, observation_size, critic_observation_size, weights, saved,
                            inference=self.context.inference)
