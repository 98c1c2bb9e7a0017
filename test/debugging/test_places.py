"""Places by name, and the nearest names for those that there are not."""

import pytest

from dnne_ros.debugging.places import PlacedNode, Places
from dnne_ros.errors import InputError

PLACES = Places([
    PlacedNode("step_4", ("actions",), ("rewards", "done"), ("sim",), ("4", "Step", "StepNode")),
    PlacedNode("trainer_6", ("reward", "state"), ("loss", "state"), ("model",), ("6", "Trainer")),
    PlacedNode("env_1", (), ("observations",), (), ("1", "StepNode"))], {
    ("trainer_6", "reward"): ("step_4", "rewards"),
    ("step_4", "actions"): ("env_1", "observations"),
    ("trainer_6", "state"): ("env_1", "observations")})
REWARD = ("trainer_6", "reward", "input")


@pytest.mark.parametrize("text, spots", [
    ("trainer_6/reward", {REWARD}), ("6/reward", {REWARD}), (" Trainer/reward ", {REWARD}),
    ("-> trainer_6/reward", {REWARD}), ("→ 6/reward", {REWARD}),
    ("step_4/rewards -> trainer_6/reward", {REWARD}), ("4/rewards→6/reward", {REWARD}),
    ("/graph/trainer_6", {REWARD, ("trainer_6", "state", "input")}),
    ("trainer_6/state ->", {("trainer_6", "state", "output")}),
    ("-> trainer_6/state", {("trainer_6", "state", "input")}),
    ("step_4/done", {("step_4", "done", "output")}),
    ("env_1", {("env_1", "observations", "output")}),
    ("", {REWARD, ("trainer_6", "state", "input"), ("step_4", "actions", "input")})])
def test_a_place_is_what_its_name_says(text, spots):
    place = PLACES.find(text)
    assert place.spots == spots
    assert PLACES.find(place.text) == place


@pytest.mark.parametrize("text, problem", [
    ("trainer", "there is no node 'trainer'; the nearest: trainer_6"),
    ("zzz/reward", "there is no node 'zzz'; there are step_4, trainer_6, env_1"),
    ("trainer_6/rewards", "trainer_6 has no linked port 'rewards'; the nearest: reward"),
    ("-> trainer_6/loss", "trainer_6 has no linked input 'loss'"),
    ("trainer_6/reward ->", "trainer_6 has no output 'reward'"),
    ("trainer_6/state", "write '-> trainer_6/state' or 'trainer_6/state ->'"),
    ("trainer_6/model", "holds one value"), ("StepNode", "is several nodes: step_4, env_1"),
    ("env_1/observations -> trainer_6/reward", "which comes from step_4/rewards"),
    ("a -> b -> c", "expected NODE, NODE/PORT or NODE/PORT -> NODE/PORT"),
    ("-> trainer_6", "expected NODE/PORT, found 'trainer_6'")])
def test_what_there_is_not_is_told_with_the_nearest(text, problem):
    with pytest.raises(InputError) as error:
        PLACES.find(text)
    assert problem in str(error.value)


def test_an_input_knows_its_edge():
    assert PLACES.edge_of(REWARD) == "step_4/rewards → trainer_6/reward"
    assert PLACES.edge_of(("trainer_6", "loss", "output")) == ""
