"""Distributions say what torch's own say."""

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, Normal, TransformedDistribution
from torch.distributions.transforms import TanhTransform

from dnne_ros.rl.distributions import Choices, Deviation, Gaussian, SquashedGaussian
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


MEAN = torch.randn(50, 3, generator=draws())
DEVIATION = Deviation.of_log(torch.tensor([-0.5, 0.0, 0.3]))


def test_a_deviation_is_the_same_however_it_is_learned():
    scalar = Deviation.of_scalar(DEVIATION.std)
    torch.testing.assert_close(scalar.log_std, DEVIATION.log_std)
    assert (Deviation.of_scalar(torch.tensor([-1.0])).std > 0).all()


def test_gaussians():
    mine, theirs = Gaussian(), Independent(Normal(MEAN, DEVIATION.std), 1)
    actions = mine.draw(MEAN, DEVIATION, draws(1))
    torch.testing.assert_close(mine.log_prob(actions, MEAN, DEVIATION), theirs.log_prob(actions))
    torch.testing.assert_close(mine.entropy(MEAN, DEVIATION), theirs.entropy()[0])
    assert torch.equal(mine.draw(MEAN, DEVIATION, None), MEAN)


def test_squashed_gaussians():
    mine = SquashedGaussian()
    theirs = TransformedDistribution(Independent(Normal(MEAN, DEVIATION.std), 1), TanhTransform())
    actions = mine.draw(MEAN, DEVIATION, draws(1))
    assert (actions.abs() < 1.0).all()
    torch.testing.assert_close(mine.log_prob(actions, MEAN, DEVIATION), theirs.log_prob(actions),
                               rtol=1e-4, atol=1e-4)
    assert torch.equal(mine.draw(MEAN, DEVIATION, None), MEAN.tanh())
    far = mine.log_prob(torch.ones(1, 3), torch.full((1, 3), 30.0), DEVIATION)
    assert far.isfinite().all()


@pytest.mark.parametrize("std", [0.2, 0.6, 1.2])
@pytest.mark.parametrize("mean", [0.0, -0.7, 2.0])
def test_the_entropy_of_a_squashed_gaussian(mean, std):
    """Beside minus the integral of p log p, and the gradients of the integral."""
    means = torch.tensor([[mean]], requires_grad=True)
    log_std = torch.tensor([std]).log().requires_grad_()
    entropy = SquashedGaussian().entropy(means, Deviation.of_log(log_std))
    entropy.sum().backward()

    def integral(mean: float, std: float) -> float:
        drawn = torch.linspace(mean - 12 * std, mean + 12 * std, 200_001, dtype=torch.float64)
        normal = Normal(torch.tensor(mean).double(), torch.tensor(std).double())
        log_density = normal.log_prob(drawn) - 2 * math.log(2.0) \
            + 2 * (drawn + torch.nn.functional.softplus(-2 * drawn))
        return float(-torch.trapezoid(normal.log_prob(drawn).exp() * log_density, drawn))
    assert entropy.item() == pytest.approx(integral(mean, std), abs=1e-3)
    step = 1e-4
    by_mean = (integral(mean + step, std) - integral(mean - step, std)) / (2 * step)
    by_log = (integral(mean, std * math.exp(step)) - integral(mean, std * math.exp(-step))) / (
        2 * step)
    assert means.grad.item() == pytest.approx(by_mean, abs=3e-3)
    assert log_std.grad.item() == pytest.approx(by_log, abs=3e-3)


def test_most_entropy_is_about_that_of_even_chances():
    """So a bonus for entropy has an end: no deviation grows on and on."""
    means, log_std = torch.full((1, 2), 0.8), torch.full((2,), -2.0)
    means.requires_grad_(), log_std.requires_grad_()
    optimizer = torch.optim.Adam([means, log_std], lr=0.02)
    for _ in range(500):
        optimizer.zero_grad()
        entropy = SquashedGaussian().entropy(means, Deviation.of_log(log_std)).sum()
        (-entropy).backward()
        optimizer.step()
    assert 2 * math.log(2.0) - 0.05 < entropy.item() < 2 * math.log(2.0)
    assert ((log_std.exp() > 0.8) & (log_std.exp() < 0.95)).all()


def test_several_choices_are_independent():
    logits = torch.randn(4000, 5, generator=draws())
    mine = Choices((3, 2))
    theirs = [Categorical(logits=part) for part in logits.split((3, 2), -1)]
    actions = mine.draw(logits, None, draws(1))
    assert actions.shape == (4000, 2)
    torch.testing.assert_close(
        mine.log_prob(actions, logits, None),
        sum(each.log_prob(chosen) for each, chosen in zip(theirs, actions.unbind(1))))
    torch.testing.assert_close(mine.entropy(logits, None), sum(each.entropy() for each in theirs))
    kl = mine.kl(logits, None, logits.flip(0), None)
    others = [Categorical(logits=part) for part in logits.flip(0).split((3, 2), -1)]
    torch.testing.assert_close(kl, sum(
        torch.distributions.kl_divergence(*pair) for pair in zip(theirs, others)))
    likeliest = mine.draw(logits, None, None)
    assert torch.equal(likeliest[:, 1].long(), logits[:, 3:].argmax(-1))
    for column, each in enumerate(theirs):
        assert abs((actions[:, column] == likeliest[:, column]).float().mean()
                   - each.probs.amax(-1).mean()) < 0.03


@pytest.mark.parametrize("spec", [
    PolicySpec(4, 2, squash=True), PolicySpec(4, 5, discrete=True, choices=(3, 2)),
    PolicySpec(4, 2, std_type="scalar", init_log_std=-0.7)])
def test_what_was_acted_on_is_judged_the_same(spec):
    policy = ActorCritic(spec, draws())
    output = policy.act(torch.randn(20, 4, generator=draws(1)), draws(2))
    log_prob, entropy, value, mean, std = policy.evaluate(output.observations, output.actions)
    torch.testing.assert_close(log_prob, output.log_prob)
    torch.testing.assert_close(value, output.value)
    assert (std is None) == (output.std is None) == spec.discrete
    if std is not None:
        torch.testing.assert_close(std.expand_as(mean), output.std)
    (log_prob.mean() + entropy.mean()).backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all()
               for name, parameter in policy.named_parameters() if not name.startswith("critic"))


@pytest.mark.parametrize("values, problem", [
    ({"memory": "rnn"}, "memory: expected one of gru, lstm, found 'rnn'"),
    ({"std_type": "square"}, "std_type: expected one of log, scalar"),
    ({"choices": (1, 1)}, "choices: expected 2 of a discrete policy"),
    ({"memory_size": 0}, "expected sizes from 1"),
    ({"shared_trunk": True, "critic_observation_size": 3}, "cannot share layers")])
def test_what_cannot_be_is_refused(values, problem):
    with pytest.raises(ValueError, match=problem):
        PolicySpec(4, 2, **values)


def test_policies_that_were_saved_before_there_was_all_of_it():
    saved = {"observation_size": 4, "action_size": 1, "hidden_sizes": [8], "activation": "elu",
             "discrete": False, "init_log_std": 0.0, "shared_trunk": False,
             "normalize_observations": False, "normalize_values": False}
    assert PolicySpec.from_json(saved) == PolicySpec(4, 1, (8,))
    spec = PolicySpec(4, 5, discrete=True, choices=(3, 2), critic_hidden_sizes=(9,), memory="gru")
    assert PolicySpec.from_json(spec.to_json()) == spec
