"""What is seen and done, as in a mirror."""

import pytest
import torch

from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.symmetry import Mirror, Symmetry


def test_columns_change_places_and_signs():
    mirror = Mirror.parse("-0, 2,1")
    rows = torch.tensor([[1.0, 2.0, 3.0]])
    assert mirror(rows).tolist() == [[-1.0, 3.0, 2.0]]
    assert torch.equal(mirror(mirror(rows)), rows)


@pytest.mark.parametrize("text, problem", [
    ("", "not numbers of columns"), ("0, x", "not numbers"), ("0, 0", "each column from 0 to 1"),
    ("0, 3", "each column"), ("1, 2, 0", "mirrored twice"), ("1, -0", "mirrored twice")])
def test_what_is_no_mirror_is_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        Mirror.parse(text)


@pytest.mark.parametrize("spec, problem", [
    (PolicySpec(3, 1), "mirror_observations: expected 3 columns, found 2"),
    (PolicySpec(2, 1, critic_observation_size=4),
     "mirror_critic_observations: expected 4 columns, found 0"),
    (PolicySpec(2, 1, memory="gru"), "a policy with memory cannot be mirrored"),
    (PolicySpec(2, 2, discrete=True), "discrete actions cannot be mirrored")])
def test_a_policy_of_another_kind_is_refused(spec, problem):
    with pytest.raises(ValueError, match=problem):
        Symmetry(Mirror.parse("0, 1"), Mirror.parse("-0")).check(spec)
