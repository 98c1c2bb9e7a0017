import re

import pytest
from hypothesis import given, settings, strategies as st

from dnne_ros.graph.names import node_ros_names, to_ros_name

TOKEN = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# Hostile text, and short text over few letters, which clashes often.
TEXT = st.text(max_size=200) | st.text("ab1_A-é ", max_size=5) | st.text(
    st.characters(categories=["Cs", "Cn", "Zs"]), max_size=3)
NODES = st.lists(st.tuples(TEXT, TEXT), max_size=12, unique_by=lambda pair: pair[0])


@pytest.mark.parametrize("text, token", [
    ("PPOAgent", "ppo_agent"), ("Cartpole_PPO", "cartpole_ppo"), ("ORNode", "or_node"),
    ("Conv2DLayer", "conv2d_layer"), ("IsaacGymEnv", "isaac_gym_env"),
    ("My graph (2)", "my_graph_2"), ("Zürich–Café", "zurich_cafe"), ("日本", "graph"),
    ("", "graph"), ("3d", "graph_3d"), ("__x__", "x"), ("a__b", "a_b"),
])
def test_examples(text, token):
    assert to_ros_name(text) == token


@given(TEXT)
def test_tokens_are_legal_and_stay_as_they_are(text):
    token = to_ros_name(text)
    assert TOKEN.fullmatch(token)
    assert to_ros_name(token) == token


def test_node_names_as_promised():
    assert node_ros_names([("3", "PPOAgentNode"), ("7", "OR"), ("12:4", "PPOAgent")]) == {
        "3": "ppo_agent_3", "7": "or_7", "12:4": "ppo_agent_12_4"}


@given(NODES, st.randoms())
@settings(max_examples=300)
def test_node_names_are_legal_unique_and_independent_of_order(nodes, random):
    names = node_ros_names(nodes)
    assert names.keys() == {node_id for node_id, _ in nodes}
    assert all(TOKEN.fullmatch(name) for name in names.values())
    assert len(set(names.values())) == len(names)
    shuffled = list(nodes)
    random.shuffle(shuffled)
    assert node_ros_names(shuffled) == names


@given(st.lists(st.tuples(st.integers(0, 99).map(str), st.sampled_from(["ORNode", "PPOAgent"])),
                unique_by=lambda pair: pair[0]))
def test_a_name_does_not_depend_on_other_nodes(nodes):
    names = node_ros_names(nodes)
    assert all(node_ros_names([pair])[pair[0]] == names[pair[0]] for pair in nodes)


def test_ids_that_differ_in_what_ros_cannot_say():
    names = node_ros_names([("a b", "OR"), ("a_b", "OR"), ("A-b", "OR")])
    assert names["a_b"] == "or_a_b"
    assert names["a b"].startswith("or_a_b_") and names["A-b"].startswith("or_a_b_")


def test_types_and_ids_that_run_into_each_other():
    names = node_ros_names([("1_2", "Foo"), ("2", "Foo_1")])
    assert len(set(names.values())) == 2


def test_the_longest_names_fit_into_a_topic():
    [name] = node_ros_names([("9" * 500, "T" * 500)]).values()
    [other] = node_ros_names([("8" * 500, "T" * 500)]).values()
    assert name != other
    clashing = node_ros_names([("9" * 500, "T" * 500), ("9" * 501, "T" * 500)])
    longest = max(clashing.values(), key=len)
    topic = f"/{to_ros_name('1' * 500)}/{longest}/_credit/next_observations"
    assert len(topic) <= 247  # RMW_TOPIC_MAX_NAME_LENGTH
