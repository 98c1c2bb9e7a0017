"""Problems of a workflow, at the nodes and ports where the front end shows them."""

from dnne_ros.editor.node_errors import node_errors, refused_prompt
from dnne_ros.errors import Problem

PROBLEMS = [
    Problem("nothing is linked to it", "6", "PPOTrainerNode", "Trainer", "input 'reward'"),
    Problem("expected a number", "6", "PPOTrainerNode", "Trainer", "gamma"),
    Problem("does not exist", "8:3", "Mystery"),
    Problem("a loop that nothing starts"),
]


def test_each_is_at_its_node_in_its_own_words():
    found = node_errors(PROBLEMS)
    assert list(found) == ["6", "8:3"]
    assert [(each["message"], each["details"], each["extra_info"])
            for each in found["6"]["errors"]] == [
        ("nothing is linked to it", "input 'reward': nothing is linked to it",
         {"input_name": "reward"}),
        ("expected a number", "gamma: expected a number", {"input_name": "gamma"})]
    assert found["8:3"]["errors"][0]["extra_info"] == {}
    assert found["8:3"]["class_type"] == "Mystery"


def test_what_no_node_can_be_blamed_for_stands_above_the_others():
    body = refused_prompt(PROBLEMS)
    assert body["error"]["message"] == "4 problems in this workflow"
    assert body["error"]["details"] == "a loop that nothing starts"
    assert refused_prompt(PROBLEMS[-1:])["error"]["message"] == "1 problem in this workflow"
