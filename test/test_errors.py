import pickle

import pytest

from dnne_ros.errors import DnneError, InputError, NodeError, PeerError, Problem, Problems


def test_a_problem_says_where_it_is():
    problem = Problem("expected TENSOR, found SYNC", node="6", type="PPOTrainerNode",
                      title="Trainer", port="input 'reward'")
    assert str(problem) == ("node 6 'Trainer' (PPOTrainerNode), input 'reward': "
                            "expected TENSOR, found SYNC")


@pytest.mark.parametrize("fields, where", [
    ({}, ""),
    ({"node": "6"}, "node 6"),
    ({"node": "6", "type": "ORNode", "title": "ORNode"}, "node 6 (ORNode)"),
    ({"node": "6", "title": "a 'b'"}, 'node 6 "a \'b\'"'),
    ({"node": "6", "type": "ORNode", "port": "output"}, "node 6 (ORNode), output"),
])
def test_only_what_is_known_is_said(fields, where):
    problem = Problem("wrong", **fields)
    assert problem.where == where
    assert str(problem) == (f"{where}: wrong" if where else "wrong")


def test_all_problems_come_in_one_report_each_once():
    problems = Problems("graph.json")
    problems.raise_if_any()
    problems.add("first", node="1")
    problems.add("second")
    problems.add("first", node="1")
    assert len(problems) == 2
    assert [problem.message for problem in problems] == ["first", "second"]
    with pytest.raises(InputError) as caught:
        problems.raise_if_any()
    assert str(caught.value) == "graph.json: 2 problems\n  - node 1: first\n  - second"


def test_a_single_problem_takes_one_line():
    assert str(InputError("--set 3.x", ["no such widget"])) == "--set 3.x: no such widget"


def test_exit_codes_tell_wrong_input_from_failures():
    assert InputError("x", []).exit_code == 2
    assert NodeError("/g/n", "died").exit_code == 1
    assert PeerError("gone").exit_code == 1
    assert all(issubclass(kind, DnneError) for kind in (InputError, NodeError, PeerError))


def test_a_node_error_names_the_node():
    assert str(NodeError("/g/ppo_agent_3", "ValueError: no")) == "/g/ppo_agent_3: ValueError: no"


@pytest.mark.parametrize("error", [
    InputError("graph.json", ["one", Problem("two", node="3")]), NodeError("/g/n", "died"),
    PeerError("gone")])
def test_errors_survive_the_way_from_another_process(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
