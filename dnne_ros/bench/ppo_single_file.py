"""PPO as one loop without a framework, compiled: a peer of ``dnne-ros bench ppo``.

What CleanRL's ``ppo_continuous_action.py`` does (Huang et al. 2022, "CleanRL", JMLR 23(274)), and
as its compiled variants do it: ``torch.compile`` for the policy, for the advantages and for loss
and gradient, and nothing else between the simulator and the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from dnne_ros.bench import ppo_setting as setting

Step = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""actions (n, k) → observations (n, m), rewards (n,) and whether episodes ended (n,)."""


class Agent(nn.Module):
    """Actor and critic, each of their own layers, and the logarithm of the noise."""

    def __init__(self, observations: int, actions: int):
        """Make both for so many observations and actions, orthogonal as CleanRL's."""
        super().__init__()
        self.actor = _layers(observations, actions, 0.01)
        self.critic = _layers(observations, 1, 1.0)
        self.log_std = nn.Parameter(torch.full((actions,), setting.LOG_STD))

    def act(self, observations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return actions (n, k), the logarithm of their density (n,) and values (n,)."""
        mean = self.actor(observations)
        actions = mean + self.log_std.exp() * torch.randn_like(mean)
        return actions, self._log_density(mean, actions), self.critic(observations).squeeze(-1)

    def judge(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the logarithm of the density (n,), the entropy and values (n,)."""
        mean = self.actor(observations)
        entropy = (self.log_std + 1.4189385332046727).sum()  # half of log(2πe) for each action
        return self._log_density(mean, actions), entropy, self.critic(observations).squeeze(-1)

    def _log_density(self, mean: Tensor, actions: Tensor) -> Tensor:
        errors = (actions - mean) * (-self.log_std).exp()
        return -(0.5 * errors.square() + self.log_std + 0.9189385332046727).sum(-1)


def _layers(inputs: int, outputs: int, gain: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in setting.HIDDEN:
        layers += [_linear(inputs, size, 2.0**0.5), nn.ELU()]
        inputs = size
    return nn.Sequential(*layers, _linear(inputs, outputs, gain))


def _linear(inputs: int, outputs: int, gain: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


def advantages(rewards: Tensor, values: Tensor, dones: Tensor, last: Tensor) -> Tensor:
    """Return GAE (Schulman et al. 2016, equation 16), each (horizon, n), given ``last`` (n,)."""
    found = []
    sum = torch.zeros_like(last)
    following = last
    for t in range(setting.HORIZON - 1, -1, -1):
        alive = 1.0 - dones[t]
        error = rewards[t] + setting.GAMMA * following * alive - values[t]
        sum = error + setting.GAMMA * setting.GAE_LAMBDA * alive * sum
        found.append(sum)
        following = values[t]
    return torch.stack(found[::-1])


def loss(agent: Agent, observations: Tensor, actions: Tensor, log_densities: Tensor,
         advantages: Tensor, returns: Tensor) -> Tensor:
    """Return the loss of a minibatch (Schulman et al. 2017, equation 9), clipped."""
    now, entropy, values = agent.judge(observations, actions)
    ratio = (now - log_densities).exp()
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    clipped = ratio.clamp(1.0 - setting.CLIP, 1.0 + setting.CLIP)
    return (-torch.min(ratio * advantages, clipped * advantages).mean()
            - setting.ENTROPY_COEF * entropy
            + setting.VALUE_COEF * (values - returns).square().mean())


def train(step: Step, observations: Tensor, actions: int) -> Iterator[None]:
    """Train endlessly: yield when all is compiled, and after each update."""
    envs, size = observations.shape
    agent = Agent(size, actions).to(observations.device)
    optimizer = torch.optim.Adam(agent.parameters(), setting.LEARNING_RATE, eps=1e-5)
    act = torch.compile(agent.act)
    advance, cost = torch.compile(advantages), torch.compile(loss)
    minibatch = envs * setting.HORIZON // setting.minibatches(envs)

    def update(*batch: Tensor) -> None:
        optimizer.zero_grad()
        found = cost(agent, *batch)
        found.backward()  # type: ignore[no-untyped-call]  # torch has no annotation
        nn.utils.clip_grad_norm_(agent.parameters(), setting.MAX_GRAD_NORM)
        optimizer.step()

    def rollout(take: Step) -> tuple[Tensor, ...]:
        nonlocal observations
        rows: tuple[list[Tensor], ...] = ([], [], [], [], [], [])
        for _ in range(setting.HORIZON):
            with torch.no_grad():
                chosen, log_densities, values = act(observations)
            before = observations
            observations, rewards, dones = take(chosen)
            for row, value in zip(rows, (before, chosen, log_densities, values, rewards,
                                         dones.float()), strict=True):
                row.append(value)
        with torch.no_grad():
            last = agent.critic(observations).squeeze(-1)
            seen, taken, log_densities, values, rewards, dones = map(torch.stack, rows)
            found = advance(rewards, values, dones, last)
        return tuple(each.flatten(0, 1) for each in (seen, taken, log_densities, found,
                                                     found + values))

    def learn(batch: tuple[Tensor, ...], epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(envs * setting.HORIZON, device=observations.device)
            for chosen in order.view(-1, minibatch):
                update(*(each[chosen] for each in batch))

    first, state = observations, [each.detach().clone() for each in agent.parameters()]
    zero = torch.zeros(envs, device=first.device)
    for _ in range(3):  # the first goes compile, and the figures are of what comes after
        learn(rollout(lambda _: (torch.rand_like(first), zero, zero)), 1)
    with torch.no_grad():
        for parameter, value in zip(agent.parameters(), state, strict=True):
            parameter.copy_(value)
    optimizer.state.clear()
    observations = first
    while True:
        yield
        learn(rollout(step), setting.EPOCHS)
