"""The policy: an actor that chooses actions and a critic that says what a state is worth."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dnne_ros.rl.distributions import Deviation, distribution_of
from dnne_ros.rl.layers import MLP, hidden_layers, linear
from dnne_ros.rl.memory import Memory
from dnne_ros.rl.normalization import RunningNormalization
from dnne_ros.rl.pictures import PictureEncoder
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.trajectories import Trajectories


class ActorCritic(nn.Module):
    """Two networks: observations → mean (or logits), observations → value.

    Weights start orthogonal, scaled by √2, by 0.01 for the actor's last layer (so that the first
    actions are centred and the Gaussian's width decides) and by 1 for the critic's; biases at 0.
    Values are in units of returns everywhere outside, also when they are normalised inside.

    The critic may see other observations than the actor.  With a memory, both have recurrent
    layers before the others; what these carry on is nobody's here, but goes in and comes out.
    """

    def __init__(self, spec: PolicySpec, generator: torch.Generator | None = None):
        """Make networks of ``spec``, with weights drawn from ``generator`` (None: torch's)."""
        super().__init__()
        self.spec = spec
        self.distribution = distribution_of(spec)
        size, seen_by_critic = spec.observation_size, spec.seen_by_critic
        self.pictures = self.critic_pictures = None
        if spec.picture:
            self.pictures = _encoder(spec, generator)
            if not spec.critic_observation_size:
                self.critic_pictures = _encoder(spec, generator)
        self.observation_normalizer = self.critic_observation_normalizer = None
        if spec.normalize_observations:
            self.observation_normalizer = RunningNormalization(self._numbers)
            if spec.critic_observation_size:
                self.critic_observation_normalizer = RunningNormalization(seen_by_critic)
        self.value_normalizer = RunningNormalization(1) if spec.normalize_values else None
        if self.pictures is not None:
            size += self.pictures.features - self.pictures.pixels
        if self.critic_pictures is not None:
            seen_by_critic += self.critic_pictures.features - self.critic_pictures.pixels
        self.trunk = self.actor_memory = self.critic_memory = None
        hidden: tuple[int, ...] = spec.hidden_sizes
        if spec.shared_trunk and hidden:
            self.trunk = MLP(*hidden_layers(size, hidden, spec.activation, generator))
            size, hidden = hidden[-1], ()
            seen_by_critic = size
        if spec.memory:
            self.actor_memory, self.critic_memory = (
                Memory(spec.memory, seen, spec.memory_size, spec.memory_layers, generator)
                for seen in (size, seen_by_critic))
            size = seen_by_critic = spec.memory_size
        critic_hidden = hidden if spec.critic_hidden_sizes is None else spec.critic_hidden_sizes
        self.actor, self.critic = (
            MLP(
                *hidden_layers(inputs, layers, spec.activation, generator),
                linear(layers[-1] if layers else inputs, outputs, gain, generator))
            for inputs, layers, outputs, gain in (
                (size, hidden, spec.action_size, 0.01), (seen_by_critic, critic_hidden, 1, 1.0)))
        if not spec.discrete:
            spread = torch.full((spec.action_size,), spec.init_log_std)
            if spec.std_type == "log":
                self.log_std = nn.Parameter(spread)
            else:
                self.std = nn.Parameter(spread.exp())

    @property
    def _is_symmetric(self) -> bool:
        """Whether the critic starts from the very features that the actor starts from."""
        return not self.spec.critic_observation_size and self.critic_pictures is None

    @property
    def _numbers(self) -> int:
        """How many numbers there are before a picture."""
        return self.spec.observation_size - (
            0 if self.pictures is None else self.pictures.pixels)

    @property
    def memory_width(self) -> int:
        """How many numbers it remembers of an environment; 0: none."""
        if self.actor_memory is None or self.critic_memory is None:
            return 0
        return self.actor_memory.width + self.critic_memory.width

    def value(self, observations: Tensor) -> Tensor:
        """Return the critic's value (n,) of the ``observations`` (n, size) that it sees.

        Of a policy without a memory: see `value_after`.
        """
        return self._value_of(self._critic_features(observations))

    def value_after(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the critic's value (n,) of what it sees, and what is remembered then.

        Both memories are (n, memory_width); the actor's part of it stays as it is.
        """
        assert self.actor_memory is not None and self.critic_memory is not None
        of_actor, of_critic = self._parts(memory)
        features, after = self.critic_memory.step(
            self._critic_features(observations), of_critic)
        return self._value_of(features), torch.cat([of_actor, after], 1)

    def means(self, observations: Tensor) -> Tensor:
        """Return the actor's means (or logits) for ``observations`` (n, observation_size)."""
        return self.actor.forward(self._features(observations))

    def likeliest(self, observations: Tensor, memory: Tensor | None = None
                  ) -> tuple[Tensor, Tensor | None]:
        """Return the likeliest actions (n, action_size), with gradients, and what is remembered.

        ``memory`` (n, memory_width) is that of a policy which has one; the critic's part of it
        stays as it is.
        """
        features = self._features(observations)
        if self.actor_memory is not None:
            assert memory is not None
            of_actor, of_critic = self._parts(memory)
            features, after = self.actor_memory.step(features, of_actor)
            memory = torch.cat([after, of_critic], 1)
        outputs = self.actor.forward(features)
        return self.distribution.draw(outputs, None, None), memory

    @property
    def value_scale(self) -> Tensor | None:
        """What the critic's output 1 means, float32 (1,); None: 1."""
        return None if self.value_normalizer is None else self.value_normalizer.scale

    @torch.no_grad()
    def learn_observations(self, observations: Tensor,
                           critic_observations: Tensor | None = None) -> None:
        """Count ``observations`` (n, observation_size) in their normalisation, if there is one.

        ``critic_observations`` (n, critic_observation_size) in that of the critic likewise.
        """
        if self.observation_normalizer is not None:
            self.observation_normalizer.learn(observations[:, :self._numbers])
        if self.critic_observation_normalizer is not None and critic_observations is not None:
            self.critic_observation_normalizer.learn(critic_observations)

    @torch.no_grad()
    def learn_returns(self, returns: Tensor) -> None:
        """Count ``returns`` (n,) in the normalisation of values, if there is one.

        The critic's last layer is adapted such that its values stay what they are: van Hasselt
        et al. 2016, arXiv:1602.07714, proposition 1.
        """
        normalizer = self.value_normalizer
        if normalizer is None:
            return
        old_mean, old_scale = normalizer.mean.clone(), normalizer.scale
        normalizer.learn(returns.unsqueeze(1))
        last = self.critic[-1]
        assert isinstance(last, nn.Linear)
        last.weight.mul_(old_scale / normalizer.scale)
        last.bias.mul_(old_scale).add_(old_mean - normalizer.mean).div_(normalizer.scale)

    @torch.no_grad()
    def act(self, observations: Tensor, generator: torch.Generator, *,
            deterministic: bool = False, critic_observations: Tensor | None = None
            ) -> PolicyOutput:
        """Choose actions for ``observations``, float32 (n, observation_size).

        The sample comes from ``generator``; ``deterministic`` takes the likeliest action and
        leaves the generator alone.  Without the ``critic_observations`` (n,
        critic_observation_size) of a critic that sees others, values are 0.  ValueError for
        observations of another size, and for a policy with a memory: see `act_after`.
        """
        if self.spec.memory:
            raise ValueError("a policy with a memory acts with act_after")
        self._check(observations, critic_observations)
        features = self._features(observations)
        outputs = self.actor.infer(features)
        if self._is_symmetric:
            value = self._valued(self.critic.infer(features))
        elif self.spec.critic_observation_size and critic_observations is None:
            value = torch.zeros(len(observations), device=observations.device)
        else:
            value = self.value(
                observations if critic_observations is None else critic_observations)
        return self._output(observations, outputs, value, None if deterministic else generator,
                            critic_observations, None)

    @torch.no_grad()
    def act_after(self, memory: Tensor, observations: Tensor, generator: torch.Generator, *,
                  deterministic: bool = False, critic_observations: Tensor | None = None
                  ) -> tuple[PolicyOutput, Tensor]:
        """Choose actions as `act` does, given a ``memory`` (n, memory_width).

        Returns the output, which has the memory in it, and what is remembered behind it.
        """
        assert self.actor_memory is not None
        self._check(observations, critic_observations)
        features, after = self.actor_memory.step(
            self._features(observations), self._parts(memory)[0])
        outputs = self.actor.forward(features)
        value, following = torch.zeros(len(observations), device=observations.device), memory
        if critic_observations is not None or not self.spec.critic_observation_size:
            value, following = self.value_after(
                observations if critic_observations is None else critic_observations, memory)
        output = self._output(observations, outputs, value, None if deterministic else generator,
                              critic_observations, memory)
        return output, torch.cat([after, self._parts(following)[1]], 1)

    def evaluate(self, observations: Tensor, actions: Tensor,
                 critic_observations: Tensor | None = None,
                 trajectories: Trajectories | None = None, memory: Tensor | None = None
                 ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]:
        """Say of past ``actions`` what the policy thinks now, with gradients.

        Args:
            observations: float32 (n, observation_size).
            actions: float32 (n, action_size); discrete: (n, choices) indices.
            critic_observations: of a critic that sees others, (n, critic_observation_size).
            trajectories: which of them followed which, for a policy with a memory.
            memory: what it had at the first step, an environment a row.

        Returns:
            log_prob (n,); entropy, (n,) or, where it is the same in every state, (); value (n,);
            mean (n, action_size); std (action_size,), or None when discrete.

        """
        features = self._features(observations)
        for_critic = features if self._is_symmetric else self._critic_features(
            observations if critic_observations is None else critic_observations)
        if self.actor_memory is not None and self.critic_memory is not None:
            assert trajectories is not None and memory is not None
            of_actor, of_critic = self._parts(trajectories.beginnings(memory))
            features = self.actor_memory.along(features, trajectories, of_actor)
            for_critic = self.critic_memory.along(for_critic, trajectories, of_critic)
        outputs = self.actor.forward(features)
        value = self._value_of(for_critic)
        deviation = self._deviation()
        return (self.distribution.log_prob(actions, outputs, deviation),
                self.distribution.entropy(outputs, deviation), value, outputs,
                None if deviation is None else deviation.std)

    def _features(self, observations: Tensor) -> Tensor:
        """Return what the actor starts from, and a symmetric critic."""
        if self.pictures is not None:
            return self.pictures.forward(observations, self.observation_normalizer)
        if self.observation_normalizer is not None:
            observations = self.observation_normalizer.forward(observations)
        return observations if self.trunk is None else self.trunk.forward(observations)

    def _critic_features(self, observations: Tensor) -> Tensor:
        """Return what the critic starts from, of what it sees."""
        if self._is_symmetric:
            return self._features(observations)
        if self.critic_pictures is not None:
            return self.critic_pictures.forward(observations, self.observation_normalizer)
        if self.critic_observation_normalizer is not None:
            observations = self.critic_observation_normalizer.forward(observations)
        return observations

    def _value_of(self, features: Tensor) -> Tensor:
        return self._valued(self.critic.forward(features))

    def _valued(self, output: Tensor) -> Tensor:
        """Return values (n,), given what the critic's network gives."""
        value = output.squeeze(-1)
        if self.value_normalizer is not None:
            value = value * self.value_normalizer.scale + self.value_normalizer.mean
        return value

    def _deviation(self) -> Deviation | None:
        if self.spec.discrete:
            return None
        if self.spec.std_type == "log":
            return Deviation.of_log(self.log_std)
        return Deviation.of_scalar(self.std)

    def _deviation_to_act(self) -> Deviation | None:
        """Return `_deviation`, without gradients; the same object until an update changes it.

        To make it, and what follows from it, takes as long as a layer of a small network.
        """
        if self.spec.discrete:
            return None
        learned = self.log_std if self.spec.std_type == "log" else self.std
        if learned.device.type != "cpu":
            return self._deviation()
        numbers = learned.tolist()
        if self._acts_with is None or self._acts_with[0] != numbers:
            deviation = self._deviation()
            assert deviation is not None  # it is not discrete
            self._acts_with = numbers, deviation
        return self._acts_with[1]

    _acts_with: tuple[list[float], Deviation] | None = None

    def _parts(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the actor's part of a memory, and the critic's."""
        assert self.actor_memory is not None
        width = self.actor_memory.width
        return memory[:, :width], memory[:, width:]

    def _output(self, observations: Tensor, outputs: Tensor, value: Tensor,
                generator: torch.Generator | None, critic_observations: Tensor | None,
                memory: Tensor | None) -> PolicyOutput:
        deviation = self._deviation_to_act()
        actions, log_prob = self.distribution.drawn(outputs, deviation, generator)
        return PolicyOutput(observations, actions, log_prob, value, outputs,
                            None if deviation is None else deviation.std.expand_as(outputs),
                            critic_observations, memory)

    def _check(self, observations: Tensor, critic_observations: Tensor | None) -> None:
        """Raise ValueError for observations of another size."""
        _check_rows("observations", observations, self.spec.observation_size)
        if critic_observations is not None:
            _check_rows("critic_observations", critic_observations, self.spec.seen_by_critic)


def _check_rows(name: str, rows: Tensor, size: int) -> None:
    if rows.dim() != 2 or rows.shape[1] != size:
        raise ValueError(f"expected {name} (environments, {size}), found {tuple(rows.shape)}")


def _encoder(spec: PolicySpec, generator: torch.Generator | None) -> PictureEncoder:
    channels, height, width = spec.picture
    return PictureEncoder((channels, height, width), spec.convolutions, spec.activation, generator)
