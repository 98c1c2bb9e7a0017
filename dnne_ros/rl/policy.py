"""The policy: an actor that chooses actions and a critic that says what a state is worth."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from dnne_ros.rl.normalization import RunningNormalization
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.policy_spec import PolicySpec

_ACTIVATION_LAYERS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU}

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


class MLP(nn.Sequential):
    """Layers in a row, without hooks: calling each as a module takes as long as a small one."""

    def forward(self, features: Tensor) -> Tensor:
        """Return what the last layer gives."""
        for layer in self._modules.values():
            features = layer.forward(features)
        return features


class ActorCritic(nn.Module):
    """Two networks: observations → mean (or logits), observations → value.

    Weights start orthogonal, scaled by √2, by 0.01 for the actor's last layer (so that the first
    actions are centred and the Gaussian's width decides) and by 1 for the critic's; biases at 0.
    Values are in units of returns everywhere outside, also when they are normalised inside.
    """

    def __init__(self, spec: PolicySpec, generator: torch.Generator | None = None):
        """Make networks of ``spec``, with weights drawn from ``generator`` (None: torch's)."""
        super().__init__()
        self.spec = spec
        size = spec.observation_size
        self.observation_normalizer = \
            RunningNormalization(size) if spec.normalize_observations else None
        self.value_normalizer = RunningNormalization(1) if spec.normalize_values else None
        self.trunk = None
        hidden: tuple[int, ...] = spec.hidden_sizes
        if spec.shared_trunk and hidden:
            self.trunk = MLP(*_hidden_layers(size, hidden, spec.activation, generator))
            size, hidden = hidden[-1], ()
        self.actor, self.critic = (
            MLP(
                *_hidden_layers(size, hidden, spec.activation, generator),
                _linear(hidden[-1] if hidden else size, outputs, gain, generator))
            for outputs, gain in ((spec.action_size, 0.01), (1, 1.0)))
        if not spec.discrete:
            self.log_std = nn.Parameter(torch.full((spec.action_size,), spec.init_log_std))

    def value(self, observations: Tensor) -> Tensor:
        """Return the critic's value (n,) of ``observations`` (n, observation_size)."""
        return self._value_of(self._features(observations))

    @property
    def value_scale(self) -> Tensor | None:
        """What the critic's output 1 means, float32 (1,); None: 1."""
        return None if self.value_normalizer is None else self.value_normalizer.scale

    @torch.no_grad()
    def learn_observations(self, observations: Tensor) -> None:
        """Count ``observations`` (n, observation_size) in their normalisation, if there is one."""
        if self.observation_normalizer is not None:
            self.observation_normalizer.learn(observations)

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

    def _features(self, observations: Tensor) -> Tensor:
        """Return what both networks start from."""
        if self.observation_normalizer is not None:
            observations = self.observation_normalizer.forward(observations)
        return observations if self.trunk is None else self.trunk.forward(observations)

    def _value_of(self, features: Tensor) -> Tensor:
        value = self.critic.forward(features).squeeze(-1)
        if self.value_normalizer is not None:
            value = value * self.value_normalizer.scale + self.value_normalizer.mean
        return value

    @torch.no_grad()
    def act(self, observations: Tensor, generator: torch.Generator, *,
            deterministic: bool = False) -> PolicyOutput:
        """Choose actions for ``observations``, float32 (n, observation_size).

        The sample comes from ``generator``; ``deterministic`` takes the likeliest action and
        leaves the generator alone.  ValueError for observations of another size.
        """
        if observations.dim() != 2 or observations.shape[1] != self.spec.observation_size:
            raise ValueError(
                f"expected observations (environments, {self.spec.observation_size}), "
                f"found {tuple(observations.shape)}")
        features = self._features(observations)
        mean = self.actor.forward(features)
        value = self._value_of(features)
        if self.spec.discrete:
            if deterministic:
                actions = mean.argmax(-1, keepdim=True).float()
            else:
                actions = torch.multinomial(mean.softmax(-1), 1, generator=generator).float()
            log_prob = _log_prob_of_choice(mean, actions)
            return PolicyOutput(observations, actions, log_prob, value, mean, None)
        std = self.log_std.exp()
        actions = mean
        if not deterministic:
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
            actions = mean + std * noise
        log_prob = self._log_prob(actions, mean, std)
        return PolicyOutput(observations, actions, log_prob, value, mean, std.expand_as(mean))

    def evaluate(self, observations: Tensor, actions: Tensor
                 ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]:
        """Say of past ``actions`` what the policy thinks now, with gradients.

        Args:
            observations: float32 (n, observation_size).
            actions: float32 (n, action_size); discrete: (n, 1) indices.

        Returns:
            log_prob (n,); entropy, (n,) or, where it is the same in every state, (); value (n,);
            mean (n, action_size); std (action_size,), or None when discrete.

        """
        features = self._features(observations)
        mean = self.actor.forward(features)
        value = self._value_of(features)
        if self.spec.discrete:
            log_probs = mean.log_softmax(-1)
            entropy = -(log_probs.exp() * log_probs).sum(-1)
            return _log_prob_of_choice(mean, actions), entropy, value, mean, None
        std = self.log_std.exp()
        # Entropy of a Gaussian: ½ + ½·log 2π + log σ for each dimension.
        entropy = self.log_std.sum() + self.spec.action_size * (0.5 + _HALF_LOG_2PI)
        return self._log_prob(actions, mean, std), entropy, value, mean, std

    def _log_prob(self, actions: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Return log N(actions; mean, std) summed over the action's dimensions, (n,)."""
        distance = ((actions - mean) / std).square().sum(-1)
        constant = self.log_std.sum() + self.spec.action_size * _HALF_LOG_2PI
        return -0.5 * distance - constant


def _log_prob_of_choice(logits: Tensor, actions: Tensor) -> Tensor:
    return logits.log_softmax(-1).gather(-1, actions.long()).squeeze(-1)


def _hidden_layers(size: int, hidden_sizes: tuple[int, ...], activation: str,
                   generator: torch.Generator | None) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for hidden in hidden_sizes:
        layers += [_linear(size, hidden, math.sqrt(2.0), generator),
                   _ACTIVATION_LAYERS[activation]()]
        size = hidden
    return layers


def _linear(inputs: int, outputs: int, gain: float,
            generator: torch.Generator | None) -> nn.Linear:
    # As torch's skip_init, which draws no numbers, but without the symbolic shapes (sympy) that
    # it loads to make the tensors.
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight = nn.Parameter(torch.empty(outputs, inputs))
    layer.bias = nn.Parameter(torch.empty(outputs))
    nn.init.orthogonal_(layer.weight, gain, generator)
    nn.init.zeros_(layer.bias)
    return layer
