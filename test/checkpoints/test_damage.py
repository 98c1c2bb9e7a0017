"""A checkpoint that is not what was written is refused, whatever has happened to it."""

import json
import os
import shutil

import pytest
import torch

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.errors import InputError
from dnne_ros.node_api.state import NodeState

FILES = ["checkpoint.json", "contract.1.json", "node_3/state.1.json",
         "node_3/tensors.1.safetensors", "node_3/weights.1.safetensors"]


@pytest.fixture
def directory(tmp_path):
    """Return a small checkpoint with all that one has."""
    store = CheckpointStore(tmp_path / "c")
    store.prepare()
    files = store.write_node(1, "3", NodeState(
        {"w": torch.ones(2)}, {"t": torch.tensor(3)}, {"n": 4}))
    store.commit(1, {"3": "PPOAgentNode"}, files, {"seed": 7}, {"rate_hz": 60})
    assert sorted(str(path.relative_to(store.directory)) for path in store.directory.rglob("*")
                  if path.is_file()) == FILES
    return store.directory


def refusal(directory):
    """Return what is said of a damaged checkpoint: one line."""
    with pytest.raises(InputError) as caught:
        Checkpoint.read(directory, wanted=())
    said = str(caught.value)
    assert caught.value.exit_code == 2 and "\n" not in said and str(directory) in said
    return said


@pytest.mark.parametrize("name", FILES)
def test_every_changed_bit_is_noticed(directory, name):
    file = os.open(directory / name, os.O_RDWR)
    whole = (directory / name).read_bytes()
    for place, byte in enumerate(whole):
        for bit in range(8):
            os.pwrite(file, bytes([byte ^ 1 << bit]), place)
            assert name in refusal(directory)
        os.pwrite(file, bytes([byte]), place)
    os.close(file)
    assert Checkpoint.read(directory).states()["3"].values == {"n": 4}


@pytest.mark.parametrize("name", FILES)
def test_every_truncation_is_noticed(directory, name):
    for length in reversed(range((directory / name).stat().st_size)):
        os.truncate(directory / name, length)
        assert name in refusal(directory)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    lambda path: path.write_bytes(b"[" * 100_000),
    lambda path: path.write_bytes(b'{"a": ' * 100_000),
    lambda path: path.write_bytes(b"1" * 10_000),
    lambda path: path.write_bytes(b'{"format": 2}'),
    lambda path: path.write_bytes("ä".encode("latin-1")),
    lambda path: (path.unlink(), path.mkdir()),
    lambda path: (path.unlink(), os.mkfifo(path)),
    lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
], ids=["missing", "longer", "deep list", "deep object", "long number", "other JSON", "no UTF-8",
        "folder", "pipe", "device"])
def test_other_damage_is_one_line(directory, name, change):
    change(directory / name)
    assert name in refusal(directory)


def test_files_of_two_checkpoints_do_not_mix(directory, tmp_path):
    other = CheckpointStore(tmp_path / "other")
    other.prepare()
    files = other.write_node(1, "3", NodeState({"w": torch.zeros(2)}, {"t": torch.tensor(3)},
                                               {"n": 4}))
    other.commit(1, {"3": "PPOAgentNode"}, files, {})
    shutil.copy(tmp_path / "other/node_3/weights.1.safetensors", directory / "node_3")
    assert "node_3/weights.1.safetensors is damaged" in refusal(directory)


def test_all_that_is_damaged_is_named(directory):
    for name in FILES[1:3]:
        os.truncate(directory / name, 1)
    with pytest.raises(InputError) as caught:
        Checkpoint.read(directory)
    assert [str(problem).partition(" ")[0] for problem in caught.value.problems] == FILES[1:3]


@pytest.mark.parametrize("change", [
    lambda manifest: manifest["files"].update({"../x": {"size": 1, "sha256": ""}}),
    lambda manifest: manifest["files"].pop("node_3/state.1.json"),
    lambda manifest: manifest["files"].update({"contract.1.json": 3}),
    lambda manifest: manifest.update(files=[]),
    lambda manifest: manifest.update(nodes={"3": 1}),
    lambda manifest: manifest.update(generation=True),
    lambda manifest: manifest.update(format=3),
    lambda manifest: manifest.update(format=True),
])
def test_a_manifest_that_says_nonsense(directory, change, monkeypatch):
    """Its digest is right: somebody has made it up."""
    from dnne_ros.checkpoints import manifest

    document = json.loads((directory / "checkpoint.json").read_text())
    del document["sha256"]
    change(document)
    body = json.dumps(document, indent=1).removesuffix("\n}").encode()
    (directory / "checkpoint.json").write_bytes(manifest._sealed(body))
    assert "checkpoint.json" in refusal(directory)


@pytest.fixture
def unsealed(directory):
    """Return a checkpoint as earlier versions wrote it."""
    (directory / "contract.1.json").rename(directory / "contract.json")
    (directory / "checkpoint.json").write_text(json.dumps(
        {"format": 1, "generation": 1, "nodes": {"3": "PPOAgentNode"}, "aligned": True}))
    return directory


def test_nobody_gets_rid_of_the_digests_by_the_number_of_the_format(directory):
    manifest = directory / "checkpoint.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 1'))
    assert "format 1 has no digests" in refusal(directory)


@pytest.mark.parametrize("name", ["checkpoint.json", "node_3", "node_3/state.1.json"])
def test_links_within_a_checkpoint_are_refused(directory, tmp_path, name):
    """Also to what is whole; one to the checkpoint is not."""
    elsewhere = tmp_path / "elsewhere"
    (directory / name).rename(elsewhere)
    (directory / name).symlink_to(elsewhere)
    with pytest.raises(InputError, match="symbolic link"):
        Checkpoint.read(directory)
    (directory / name).unlink()
    elsewhere.rename(directory / name)
    link = tmp_path / "link"
    link.symlink_to(directory)
    assert Checkpoint.read(link).states()["3"].values == {"n": 4}


def test_a_checkpoint_of_an_earlier_version_is_read(unsealed):
    checkpoint = Checkpoint.read(unsealed)
    state = checkpoint.states()["3"]
    assert state.weights["w"].tolist() == [1, 1] and state.values == {"n": 4}
    assert checkpoint.policy_interface() == {"rate_hz": 60}


def test_one_without_a_policy_interface_is_read_too(unsealed):
    (unsealed / "contract.json").unlink()
    assert Checkpoint.read(unsealed).policy_interface() is None


@pytest.mark.parametrize("name, content, said", [
    ("node_3/state.1.json", None, "node_3/state.1.json is missing"),
    ("node_3/state.1.json", b"[" * 100_000, "not JSON"),
    ("node_3/state.1.json", b"[1]", "expected an object, found list"),
    ("node_3/weights.1.safetensors", b"\xff" * 100, "damaged"),
    ("contract.json", b"[" * 100_000, "not JSON"),
    ("contract.json", b"1", "expected an object, found int"),
    ("checkpoint.json", b'{"format": 1, "generation": 1, "nodes": ["3"]}', "damaged"),
])
def test_what_can_be_seen_of_its_damage_is(unsealed, name, content, said):
    if content is None:
        (unsealed / name).unlink()
    else:
        (unsealed / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        Checkpoint.read(unsealed).states()
    assert "\n" not in str(caught.value)


def test_the_next_save_brings_it_up_to_date(unsealed):
    store = CheckpointStore(unsealed)
    generation = store.next_generation()
    files = store.write_node(generation, "3", NodeState({"w": torch.ones(1)}))
    store.commit(generation, {"3": "PPOAgentNode"}, files, {})
    assert generation == 2
    assert sorted(path.name for path in unsealed.rglob("*") if path.is_file()) == [
        "checkpoint.json", "state.2.json", "weights.2.safetensors"]


def test_weights_that_are_not_finite_are_not_loaded(unsealed):
    from safetensors.torch import save_file

    save_file({"actor": torch.full((2,), float("nan"))},
              unsealed / "node_3/weights.1.safetensors")
    with pytest.raises(InputError, match="weights 'actor': expected finite numbers"):
        Checkpoint.read(unsealed).states()


def test_a_reader_meets_a_writer(directory, monkeypatch):
    """The files that its manifest names go while it reads; it reads those of the next one."""
    from dnne_ros.checkpoints import checkpoint

    read = checkpoint.read_below
    written = []

    def late(top, name):
        if name != "checkpoint.json" and not written:
            store = CheckpointStore(directory)
            written.append(store.next_generation())
            files = store.write_node(2, "3", NodeState(values={"n": 5}))
            store.commit(2, {"3": "PPOAgentNode"}, files, {})
        return read(top, name)

    monkeypatch.setattr(checkpoint, "read_below", late)
    assert Checkpoint.read(directory).states()["3"].values == {"n": 5} and written == [2]


def test_a_hostile_directory_leads_nowhere(tmp_path):
    """Links in the places of our files: none is written to."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "folder").mkdir()
    place = tmp_path / "c"
    place.mkdir()
    for name in (".lock", "checkpoint.json", "checkpoint.json.part", "contract.1.json",
                 ".probe.1"):
        (place / name).symlink_to(precious)
    store = CheckpointStore(place)
    store.prepare()
    with pytest.raises(InputError, match="is a symbolic link"):
        store.lock()
    files = store.write_node(1, "3", NodeState(values={"n": 4}))
    store.commit(1, {"3": "PPOAgentNode"}, files, {}, {"rate_hz": 60})
    assert Checkpoint.read(place).policy_interface() == {"rate_hz": 60}
    (place / "node_4").symlink_to(tmp_path / "folder")
    with pytest.raises(OSError):
        store.write_node(2, "4", NodeState())
    assert precious.read_text() == "precious" and not os.listdir(tmp_path / "folder")
