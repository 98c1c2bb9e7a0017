"""A graph is started from a checkpoint only if that holds a state of each node that keeps one."""

import os

import pytest

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.cli.main import main
from dnne_ros.errors import InputError
from dnne_ros.node_api.state import NodeState
from dnne_ros.options.first_states import first_directory, read_first
from dnne_ros.options.run_settings import RunSettings

TYPES = {"1": "SimulatorEnvNode", "3": "PPOAgentNode", "6": "PPOTrainerNode"}


@pytest.fixture
def save(tmp_path):
    """Write a checkpoint with empty states of nodes of these types by id; returns its folder."""
    def write(types):
        store = CheckpointStore(tmp_path / "c")
        store.prepare()
        files = {}
        for node in types:
            files.update(store.write_node(1, node, NodeState()))
        store.commit(1, types, files, {})
        return str(store.directory)
    return write


def test_the_types_are_those_of_the_workflow(cartpole_graph):
    assert {id: node.type.state_type() for id, node in cartpole_graph.nodes.items()
            if node.type.keeps_state()} == TYPES


@pytest.mark.parametrize("options", [(), ("--inference",)], ids=["training", "inference"])
def test_all_nodes_that_are_missing_are_named_before_anything_starts(
        cartpole, save, capfd, options):
    directory = save({"1": TYPES["1"], "8": "LowPassNode"})
    assert main(["run", str(cartpole), "--load-checkpoint-dir", directory, *options]) == 2
    said = capfd.readouterr()
    assert said.err.splitlines() == [f"dnne-ros: {directory}: 2 problems", *(
        f"  - node {node}: expected its state in the checkpoint, found none; with "
        "--allow-missing it begins afresh"
        for node in ("3 'Agent' (PPOAgentNode)", "6 'Trainer' (PPOTrainerNode)"))]
    assert "started" not in said.out


def test_a_node_of_another_type_is_none(cartpole, save, capfd):
    directory = save({**TYPES, "3": "PPOTrainerNode"})
    for options in ((), ("--allow-missing",)):
        assert main(["run", str(cartpole), "--load-checkpoint-dir", directory, *options]) == 2
        assert capfd.readouterr().err == (
            f"dnne-ros: {directory}: node 3 'Agent' (PPOAgentNode): expected its state in the "
            "checkpoint, found that of a node of type PPOTrainerNode\n")


def test_a_type_has_the_states_of_the_one_that_it_was_superseded_by(cartpole_graph, save):
    assert cartpole_graph.nodes["1"].type.type_name == "IsaacGymEnvNode"
    for saved in ("SimulatorEnvNode", "IsaacGymEnvNode"):  # the latter by earlier versions
        directory = save({**TYPES, "1": saved})
        assert read_first(cartpole_graph, RunSettings(load_checkpoint_dir=directory))


def test_nodes_that_keep_no_state_and_those_of_other_graphs_do_not_matter(cartpole_graph, save):
    directory = save({**TYPES, "2": "OtherNode", "77": "OtherNode"})
    checkpoint = read_first(cartpole_graph, RunSettings(load_checkpoint_dir=directory))
    assert set(checkpoint.states()) == {*TYPES, "2", "77"}


def test_who_wants_it_may_leave_nodes_out(cartpole_graph, save):
    settings = RunSettings(load_checkpoint_dir=save({"3": TYPES["3"]}), allow_missing=True)
    assert set(read_first(cartpole_graph, settings, ["3", "6"]).states()) == {"3"}


def test_damage_is_one_line(cartpole, save, capfd):
    directory = save(TYPES)
    path = f"{directory}/node_6/state.1.json"
    with open(path, "r+b") as file:
        file.write(b"[")
    assert main(["run", str(cartpole), "--load-checkpoint-dir", directory]) == 2
    assert capfd.readouterr().err == (
        f"dnne-ros: {directory}: node_6/state.1.json is damaged: its content is not what was "
        "written\n")


def test_a_run_that_goes_on_where_it_saves_is_checked_too(cartpole_graph, save, tmp_path):
    node = cartpole_graph.nodes["6"]
    node.values["checkpoint_load_on_start"] = True
    settings = RunSettings(save_checkpoint_dir=str(tmp_path / "c"))
    assert first_directory(cartpole_graph, settings) is None
    assert read_first(cartpole_graph, settings) is None
    directory = save({"1": TYPES["1"]})
    assert first_directory(cartpole_graph, settings) == directory
    with pytest.raises(InputError, match="2 problems"):
        read_first(cartpole_graph, settings)
    os.truncate(f"{directory}/checkpoint.json", 3)
    with pytest.raises(InputError, match="not JSON"):
        read_first(cartpole_graph, settings)
