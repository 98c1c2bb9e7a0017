"""The first element that differs, of each kind of item."""

import math

import pytest

pytest.importorskip("mcap")
import numpy as np
import torch

from dnne_ros.node_api.port_types import Dict, Float, Image, JointState, Model, String, Tensor
from dnne_ros.replaying.differences import ItemComparison
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.payload import JointStates


def difference(type, recorded, found, tolerance=0.0):
    codec = codec_for(type.sent_as())
    comparison = ItemComparison(codec_for(type.sent_as()), tolerance)
    return comparison.first_difference(codec.encode(type.pack(recorded)),
                                       codec.encode(type.pack(found)))


def changed(value, place, to):
    value = value.clone()
    value[place] = to
    return value


ONES = torch.ones(3, 4)


@pytest.mark.parametrize(("recorded", "found", "expected"), [
    (ONES, ONES.clone(), None),
    (ONES, changed(ONES, (2, 1), -1.0), ("[2, 1]", "1.0", "-1.0")),
    (ONES, changed(changed(ONES, (2, 1), 0.0), (0, 3), 0.5), ("[0, 3]", "1.0", "0.5")),
    (torch.tensor(0.0), torch.tensor(-0.0), ("", "0.0", "-0.0")),
    (torch.tensor([math.nan]), torch.tensor([math.nan]), None),
    (torch.tensor([1]), torch.tensor([2]), ("[0]", "1", "2")),
    (torch.tensor([True]), torch.tensor([False]), ("[0]", "True", "False")),
    (ONES, torch.ones(4, 3), ("", "float32 (3, 4)", "float32 (4, 3)")),
    (ONES, ONES.double(), ("", "float32", "float64")),
    (torch.ones(2, dtype=torch.bfloat16), changed(torch.ones(2, dtype=torch.bfloat16), 1, 2.0),
     ("[1]", "16256", "16384")),
    (torch.zeros(0, 3), torch.zeros(0, 3), None),
])
def test_of_tensors(recorded, found, expected):
    assert difference(Tensor(), recorded, found) == expected


def test_within_a_tolerance_numbers_may_differ():
    near = changed(ONES, (1, 1), 1.0 + 1e-6)
    assert difference(Tensor("float32"), ONES, near, 1e-5) is None
    assert difference(Tensor("float32"), ONES, near)[0] == "[1, 1]"
    far = changed(near, (2, 2), 1.1)
    assert difference(Tensor("float32"), ONES, far, 1e-5)[0] == "[2, 2]"
    assert difference(Float(), 1000.0, 1000.001, 1e-5) is None
    assert difference(Float(), 1.0, 1.001, 1e-5) == ("", "1.0", "1.001")
    assert difference(Dict(), {"a": [1.0, 2.0]}, {"a": [1.0, 2.00001]}, 1e-4) is None
    assert difference(Tensor(), torch.tensor([1]), torch.tensor([2]), 0.9) is not None


def test_of_dictionaries():
    one = {"loss": 0.5, "time_outs": torch.tensor([False, True])}
    other = {"loss": 0.5, "time_outs": torch.tensor([False, False])}
    assert difference(Dict(), one, dict(one)) is None
    assert difference(Dict(), one, other) == (".time_outs.data[1]", "True", "False")
    assert difference(Dict(), {"a": 1}, {}) == (".a", "1", "nothing")
    assert difference(Dict(), {"a": 1}, {"a": "1"}) == (".a", "1", "'1'")


def test_of_text_pictures_and_joints():
    assert difference(String(), "mean 1", "mean 2") == ("", "'mean 1'", "'mean 2'")
    picture = torch.zeros(4, 5, 3, dtype=torch.uint8)
    assert difference(Image(), picture, changed(picture, (3, 4, 2), 9)) == ("[3, 4, 2]", "0", "9")
    zero = np.zeros(2)
    recorded = JointStates(("a", "b"), zero, zero, zero, 5)
    found = JointStates(("a", "b"), zero, np.array([0.0, 1.0]), zero, 5)
    assert difference(JointState(), recorded, found) == (".velocity[1]", "0.0", "1.0")


def test_of_models():
    from dnne_ros.rl.policy import ActorCritic
    from dnne_ros.rl.policy_spec import PolicySpec
    from dnne_ros.rl.shared_policy import SharedPolicy

    def policy():
        spec = PolicySpec(observation_size=2, action_size=1, hidden_sizes=(3,), activation="elu")
        return SharedPolicy(ActorCritic(spec, torch.Generator().manual_seed(1)))

    changed_one = policy()
    with torch.no_grad():
        changed_one.policy.actor[0].bias[2] += 1
    assert difference(Model(), policy(), policy()) is None
    assert difference(Model(), policy(), changed_one)[0] == ".actor.0.bias[2]"
