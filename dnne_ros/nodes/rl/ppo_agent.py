"""The agent: a policy that acts on observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import has_torch
from dnne_ros.errors import InputError
from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Model, PolicyOutput, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

    from dnne_ros.nodes.rl.frozen_agent import FrozenAgent
    from dnne_ros.rl.shared_policy import SharedPolicy

_SHAPES = "it fixes the shape of the network"


def parse_sizes(text: str) -> tuple[int, ...]:
    """Return ``"64,64"`` as (64, 64); empty means no hidden layer.  ValueError otherwise."""
    try:
        sizes = tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise ValueError("not whole numbers with commas between") from None
    if any(not 1 <= size <= 100_000 for size in sizes):
        raise ValueError("a layer has from 1 to 100000 units")
    return sizes


class PPOAgentNode(Node):
    """Act on observations with an actor-critic policy.

    The policy is made when the first observations tell their size.  While a trainer is linked to
    ``model``, the agent acts with the weights that are due at each step (see
    `dnne_ros.rl.shared_policy`); in inference it gives the mean action.  A run for inference needs
    no torch: onnxruntime then computes what the checkpoint's policy says.
    """

    category = "learning"

    observations = Input(Tensor("float32", ("env", "observation")), "What the policy sees.")
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

    @classmethod
    def runs_without_torch(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether onnxruntime computes; it never does in training."""
        return bool(values["runtime"] != "torch")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the list of layer sizes."""
        try:
            parse_sizes(values["hidden_sizes"])
        except ValueError as error:
            return [f"widget 'hidden_sizes': expected sizes such as 64,64, found "
                    f"{values['hidden_sizes']!r:.60} ({error})"]
        return []

    def setup(self) -> None:
        """Choose what computes, and seed the generator that actions are drawn with."""
        self._shared: SharedPolicy | None = None
        self._saved: NodeState | None = None
        self._frozen: FrozenAgent | None = None
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
        if self._runtime == "torch":
            await self._act_in_torch()
        else:
            await self._act_frozen()

    async def _act_frozen(self) -> None:
        from dnne_ros.learning.finite import check_finite

        if self._frozen is None:
            raise InputError("runtime", [
                f"expected a trained policy (--load-checkpoint-dir) with runtime={self._runtime}"])
        frozen, items = self._frozen, count(1)

        def act(observations: torch.Tensor) -> dict[str, Any]:
            check_finite(observations, "observations", next(items))
            return {"policy_output": frozen.act(observations)}

        await answer_items(self, ("observations",), act)

    async def _act_in_torch(self) -> None:
        from dnne_ros.learning.finite import check_finite

        item = 0
        while True:
            observations = await self.get_input("observations")
            check_finite(observations, "observations", item + 1)
            if self._shared is None:
                self._shared = self._make_policy(observations.shape[1])
                self._move_to(observations.device, self._shared)
                await self.send_output(self._shared, "model")
            if self.context.trainers("model"):
                self.awaits_trainer = "model"
                await self._shared.ready_for(item)
                self.awaits_trainer = ""
            output = self._shared.policy.act(
                observations, self._generator,
                deterministic=self.deterministic or self.context.inference)
            await self.send_output(output, "policy_output")
            item += 1

    def _move_to(self, device: torch.device, shared: SharedPolicy) -> None:
        """Act where observations are; a generator of another device draws other numbers."""
        import torch

        from dnne_ros.node_api.seeding import node_seed

        shared.policy.to(device)
        if self._generator.device != device:
            self._generator = torch.Generator(device)
            self._generator.manual_seed(node_seed(self.context.seed, self.context.node_id))

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save weights and random state, at a boundary with the weights that come next."""
        if self._shared is None:
            return self._saved
        if aligned and self.context.trainers("model"):
            await self._shared.held()
        policy = self._shared.policy
        return NodeState(
            weights={name: tensor.detach() for name, tensor in policy.state_dict().items()},
            tensors={"generator": self._generator.get_state()},
            values={"architecture": policy.spec.to_json()})

    def load_state(self, state: NodeState) -> None:
        """Take the saved policy; ValueError if it has another shape than the widgets say."""
        from dnne_ros.rl.policy_spec import PolicySpec

        saved = PolicySpec.from_json(state.values["architecture"])
        wanted = replace(self._spec(saved.observation_size), init_log_std=saved.init_log_std)
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
        self._make_policy(saved.observation_size)  # raises now rather than at the first item
        self._generator.set_state(state.tensors["generator"])

    def _freeze(self, architecture: Mapping[str, Any], weights: Mapping[str, torch.Tensor]
                ) -> None:
        from dnne_ros.nodes.rl.frozen_agent import FrozenAgent

        self._frozen = FrozenAgent(architecture, weights, self._runtime, self.context.health,
                                   self.context.log.warning,
                                   strict=self.context.strict_runtime)

    def load_weights(self, weights: Mapping[str, torch.Tensor], layers: Any) -> None:
        """Begin with another program's policy; its first layer tells the observations' size."""
        from dnne_ros.learning.fitting import misfits
        from dnne_ros.rl.foreign_policies import by_our_names
        from dnne_ros.rl.policy import ActorCritic

        found = by_our_names(weights, self.shared_trunk)
        first = next((found[name] for name in ("trunk.0.weight", "actor.0.weight")
                      if name in found and found[name].dim() == 2), None)
        spec = self._spec(first.shape[1] if first is not None else 1)
        expected = ActorCritic(spec).state_dict()
        if lines := misfits({name: tensor.shape for name, tensor in expected.items()}, found):
            raise InputError("weights", lines)
        weights = {name: found[name].to(tensor.dtype) for name, tensor in expected.items()}
        if self._runtime != "torch":
            self._freeze(spec.to_json(), weights)
            return
        self._saved = NodeState(weights, {"generator": self._generator.get_state()},
                                {"architecture": spec.to_json()})
        self._shared = None

    def _spec(self, observation_size: int) -> Any:
        from dnne_ros.rl.policy_spec import PolicySpec

        return PolicySpec(
            observation_size=observation_size, action_size=self.action_dim,
            hidden_sizes=parse_sizes(self.hidden_sizes), activation=self.activation,
            discrete=self.action_space == "discrete", init_log_std=self.init_log_std,
            shared_trunk=self.shared_trunk, normalize_observations=self.normalize_observations,
            normalize_values=self.normalize_values)

    def _make_policy(self, observation_size: int) -> SharedPolicy:
        import torch

        from dnne_ros.node_api.seeding import node_seed
        from dnne_ros.rl.policy import ActorCritic
        from dnne_ros.rl.shared_policy import SharedPolicy

        weights = torch.Generator()
        weights.manual_seed(node_seed(self.context.seed, self.context.node_id + "/weights"))
        policy = ActorCritic(self._spec(observation_size), weights)
        if self._saved is not None:
            known = self._saved.values["architecture"]["observation_size"]
            if known != observation_size:
                raise InputError("checkpoint", [
                    f"its policy sees {known} numbers of each environment, found observations of "
                    f"{observation_size}"])
            policy.load_state_dict(self._saved.weights)
        return SharedPolicy(policy)
