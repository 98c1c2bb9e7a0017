"""Checkpoints are whole or absent, whatever happens to the writer."""

import functools
import json
import os

import pytest
import torch
from hypothesis import given, strategies as st

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.checkpoints.manifest import node_folder
from dnne_ros.errors import InputError
from dnne_ros.node_api.state import NodeState


def a_state(number):
    return NodeState(weights={"w": torch.full((2, 3), float(number))},
                     tensors={"t": torch.tensor(number)}, values={"n": number, "f": 0.1 + 0.2})


def write(store, number):
    generation = store.next_generation()
    files = store.write_node(generation, "3", a_state(number))
    store.commit(generation, {"3": "PPOAgentNode"}, files, {"seed": 7})


def read(store):
    return Checkpoint.read(store.directory).states()


@pytest.fixture
def store(tmp_path):
    store = CheckpointStore(tmp_path / "deep" / "checkpoint")
    store.prepare()
    return store


def assert_holds(store, number):
    state = read(store)["3"]
    assert torch.equal(state.weights["w"], torch.full((2, 3), float(number)))
    assert state.tensors["t"].item() == number
    assert state.values == {"n": number, "f": 0.1 + 0.2}


def test_what_is_written_is_read_exactly_and_earlier_files_go(store):
    for number in (1, 2, 3):
        write(store, number)
        assert_holds(store, number)
    files = sorted(file.name for file in (store.directory / "node_3").iterdir())
    assert files == ["state.3.json", "tensors.3.safetensors", "weights.3.safetensors"]


def test_what_is_given_up_leaves_no_files(store):
    write(store, 1)
    store.write_node(2, "3", a_state(2))
    store.write_node(2, "4", a_state(2))
    store.discard(2)
    assert_holds(store, 1)
    assert not [file for file in store.directory.rglob("*.*") if ".2." in file.name]


def test_a_file_system_that_cannot_sync_folders_will_do(store, monkeypatch):
    real = os.fsync

    def files_only(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(22, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    write(store, 1)
    assert_holds(store, 1)


def test_one_run_writes_at_a_time(store):
    store.lock()
    other = CheckpointStore(store.directory)
    for _ in range(2):
        with pytest.raises(InputError, match="another run is writing"):
            other.lock()
    store.unlock()
    other.lock()
    other.unlock()
    other.unlock()


@pytest.mark.parametrize("manifest, expected", [
    ("{", "not JSON"), ("[]", "not a checkpoint"), ('{"format": 99}', "not a checkpoint"),
])
def test_a_damaged_manifest_is_refused(store, manifest, expected):
    write(store, 1)
    (store.directory / "checkpoint.json").write_text(manifest)
    with pytest.raises(InputError, match=expected):
        read(store)


def test_a_missing_file_is_named(store):
    write(store, 1)
    (store.directory / "node_3" / "state.1.json").unlink()
    with pytest.raises(InputError, match=r"state\.1\.json"):
        read(store)


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="no checkpoint here"):
        Checkpoint.read(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write checkpoints"):
        CheckpointStore(tmp_path / "file" / "c").prepare()


def test_the_rest_is_json_that_a_person_can_read(store):
    write(store, 5)
    path = store.directory / "node_3" / "state.1.json"
    assert json.loads(path.read_text())["n"] == 5


@given(st.text(min_size=1))
def test_a_nodes_folder_stays_inside(node_id):
    folder = node_folder(node_id)
    assert "/" not in folder and "\0" not in folder and ".." not in folder


@given(st.sets(st.text(min_size=1), min_size=2, max_size=2))
def test_different_nodes_have_different_folders(ids):
    one, other = ids
    assert node_folder(one) != node_folder(other)


@pytest.mark.parametrize("state, said", [
    (NodeState({"actor": torch.tensor([1.0, float("nan")])}), "weights 'actor'"),
    (NodeState({}, {"moment": torch.tensor(float("inf"))}), "tensors 'moment'"),
    (NodeState({}, {}, {"best": float("nan")}), "state"),
    (NodeState({}, {}, {"a": [{1: 2}]}), r"state: \['a'\]\[0\]: expected texts as keys, found 1"),
    (NodeState({}, {}, {"a": functools.reduce(lambda inner, _: [inner], range(10_000), 0)}),
     "nested deeper than 100"),
])
def test_what_cannot_come_back_as_it_is_replaces_nothing(tmp_path, state, said):
    store = CheckpointStore(tmp_path)
    files = store.write_node(1, "1", NodeState({"actor": torch.ones(2)}))
    store.commit(1, {"1": "Agent"}, files, {})
    with pytest.raises(InputError, match=said):
        store.write_node(2, "1", state)
    assert torch.equal(read(store)["1"].weights["actor"], torch.ones(2))


@pytest.mark.filterwarnings("ignore:ComplexHalf support")
def test_numbers_that_no_file_can_hold_are_refused(tmp_path):
    with pytest.raises(InputError, match="node_1: cannot be saved: torch.complex32"):
        CheckpointStore(tmp_path).write_node(
            1, "1", NodeState({"actor": torch.ones(2, dtype=torch.complex32)}))
