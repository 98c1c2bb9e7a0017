import os

import pytest

from dnne_ros.errors import InputError
from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
from dnne_ros.nodes.simulation.simulation import SimulatorStepNode
from dnne_ros.placement.placement import bound_groups
from dnne_ros.placement.planning import place


def problems_of(graph, how=""):
    with pytest.raises(InputError) as caught:
        place(graph, how)
    assert caught.value.source == (how or "play.json")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("how", ["", "fused"])
def test_fused_is_one_process(simulated, how):
    placement = place(simulated(), how)
    assert placement.processes == {"main": ("1", "4", "2", "3", "5", "6")}
    assert not any(placement.crosses(edge) for edge in simulated().edges)


def test_split_separates_all_that_may_be(simulated):
    placement = place(simulated(), "split")
    assert placement.processes == {
        "isaac_gym_env_1": ("1", "4"), "or_2": ("2",), "ppo_agent_3": ("3",),
        "cartpole_action_5": ("5",), "display_6": ("6",)}
    crossing = {str(edge.source) for edge in simulated().edges if placement.crosses(edge)}
    assert "1.sim_handle" not in crossing and len(crossing) == 6


def test_fused_and_split_put_aside_what_the_workflow_asks(simulated):
    graph = simulated(n3="learn")
    assert list(place(graph, "fused").processes) == ["main"]
    assert "learn" not in place(graph, "split").processes


@pytest.fixture
def busy_agent(monkeypatch):
    """Let agents compute so much that they want a process of their own."""
    monkeypatch.setattr(PPOAgentNode, "own_process", True)
    return "ppo_agent_3"


def test_a_type_may_ask_for_a_process_of_its_own(simulated, busy_agent):
    for how in ("", "fused"):
        assert place(simulated(), how).processes == {
            "main": ("1", "4", "2", "5", "6"), busy_agent: ("3",)}


def test_who_names_the_node_decides(simulated, busy_agent, placement_file):
    assert list(place(simulated(n3="learn")).processes) == ["main", "learn"]
    path = placement_file({"sim": [1, 4, 3]})
    assert place(simulated(), path).processes == {"sim": ("1", "4", "3"), "main": ("2", "5", "6")}
    path = placement_file({"sim": [1, 4]})
    assert busy_agent in place(simulated(), path).processes


def test_those_that_cannot_be_separated_come_along(simulated, monkeypatch):
    monkeypatch.setattr(SimulatorStepNode, "own_process", True)
    assert place(simulated()).processes == {
        "isaac_gym_step_4": ("1", "4"), "main": ("2", "3", "5", "6")}


def test_the_workflow_itself_may_ask(simulated):
    assert place(simulated(n3="learn", n1="sim")).processes == {
        "sim": ("1", "4"), "main": ("2", "5", "6"), "learn": ("3",)}


def test_bound_groups_name_the_edges_that_bind(simulated):
    groups = bound_groups(simulated())
    assert [nodes for nodes, _ in groups] == [["1", "4"], ["2"], ["3"], ["5"], ["6"]]
    assert [str(edge.source) for edge in groups[0][1]] == ["1.sim_handle"]


YAML = """
processes:
  sim: [1, 4]           # by id
  learn: [ppo_agent_3, "5"]
"""


@pytest.mark.parametrize("content, name", [
    (YAML, "placement.yaml"),
    ({"sim": [1, "4"], "learn": ["ppo_agent_3", 5]}, "placement.json"),
    ({"sim": ["isaac_gym_env_1"], "learn": ["3", "cartpole_action_5", 3]}, "p"),
])
def test_a_file_places_by_id_and_by_ros_name(simulated, placement_file, content, name):
    placement = place(simulated(), placement_file(content, name))
    assert placement.processes == {"sim": ("1", "4"), "main": ("2", "6"), "learn": ("3", "5")}
    assert placement.process_of("5") == "learn"


def test_a_file_counts_rather_than_the_workflow(simulated, placement_file):
    placement = place(simulated(n3="learn"), placement_file({"brain": [3]}))
    assert set(placement.processes) == {"main", "brain"}


def test_nodes_that_cannot_be_separated(simulated, placement_file):
    [line] = problems_of(simulated(), placement_file({"sim": [1], "step": [4]}))
    assert line == (
        "nodes 1, 4 are asked into different processes (sim, step), but cannot be separated: "
        "SIM_HANDLE isaac_gym_env_1/sim_handle → isaac_gym_step_4/sim_handle")


def test_the_workflow_asks_for_what_cannot_be(simulated):
    [line] = problems_of(simulated(n1="sim", n4="step"))
    assert "cannot be separated" in line


def test_all_that_is_wrong_in_a_file_comes_at_once(simulated, placement_file):
    lines = problems_of(simulated(), placement_file(
        {"Sim": [1, 99], "step": [4, "ppo_agent_4"], "learn": [3], "act": [3, 5], "show": 6}))
    assert len(lines) == 6
    for part in ("process 'Sim' is not a legal name", "process 'Sim': no node 99; there are 1 "
                 "(isaac_gym_env_1), 4 (isaac_gym_step_4)", "no node 'ppo_agent_4'",
                 "node 3 is in two processes: learn and act", "process 'show': expected a list",
                 "nodes 1, 4 are asked into different processes (Sim, step)"):
        assert any(part in line for line in lines), part


@pytest.mark.parametrize("content", [
    "", "[]", "processes: 3", "sim: [1]", "just text", '{"processes": [1]}'])
def test_a_file_of_another_form(simulated, placement_file, content):
    [line] = problems_of(simulated(), placement_file(content))
    assert line == ('expected {"processes": {NAME: [NODE, …]}}, or {"hosts": '
                    "{NAME: [NODE, …]}}")


@pytest.mark.parametrize("content", [
    "processes: {sim: [1", "\t", "processes: {sim: [2001-99-99]}", "a: !!python/name:os.system",
    "[" * 5000, "? {a: 1}\n: 2", "\x00"])
def test_what_is_not_yaml(simulated, placement_file, content):
    [line] = problems_of(simulated(), placement_file(content))
    assert line.startswith("neither YAML nor JSON")


def test_what_is_not_text(simulated, tmp_path):
    path = tmp_path / "placement.yaml"
    path.write_bytes(b"\xff\xfe\xfa")
    assert "neither YAML nor JSON" in problems_of(simulated(), str(path))[0]


def test_files_that_cannot_be_read(simulated, tmp_path):
    for path in (tmp_path / "absent.yaml", tmp_path):
        [line] = problems_of(simulated(), os.fspath(path))
        assert "cannot read the placement" in line and "expected fused, split or a file" in line


@pytest.mark.parametrize("member", [None, True, 1.0, [1], {"1": 2}])
def test_a_member_that_names_no_node(simulated, placement_file, member):
    [line] = problems_of(simulated(), placement_file({"sim": [member]}))
    assert "no node" in line
