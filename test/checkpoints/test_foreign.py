"""A checkpoint of another program is recognised and said to be one."""

import zipfile

import pytest

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.foreign import recognise
from dnne_ros.errors import InputError

LEFT = {
    "rsl_rl": ["model_0.pt", "model_50.pt", "events.out.tfevents.1", "params/agent.yaml"],
    "rl_games": ["nn/last_Cartpole_ep_100_rew_450.pth", "nn/Cartpole.pth", "summaries/events"],
    "skrl": ["checkpoints/agent_1000.pt", "checkpoints/best_agent.pt"],
    "CleanRL": ["ppo_continuous.cleanrl_model"],
    "Lightning": ["checkpoints/epoch=3-step=400.ckpt", "hparams.yaml", "metrics.csv"],
    "TensorFlow": ["checkpoint", "ckpt-1.index", "ckpt-1.data-00000-of-00001"],
    "Keras": ["model.h5"],
    "Ray RLlib": ["rllib_checkpoint.json", "algorithm_state.pkl", "policies/x.pkl"],
    "Hugging Face": ["config.json", "model.safetensors", "tokenizer.json"],
    "Orbax (JAX)": ["_CHECKPOINT_METADATA", "manifest.ocdbt"],
    "Flax (JAX)": ["params.msgpack"],
    "ONNX": ["policy.onnx"],
    "PyTorch": ["weights.pth", "readme.txt"],
    "safetensors": ["actor.safetensors"],
}


def refusal(place):
    with pytest.raises(InputError) as error:
        Checkpoint.read(place)
    return str(error.value)


@pytest.mark.parametrize("program", LEFT)
def test_a_directory_is_recognised_by_what_lies_in_it(tmp_path, program):
    for name in LEFT[program]:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
    assert recognise(tmp_path)[1] == program
    assert f"is a checkpoint of {program}, which is not read here" in refusal(tmp_path)


@pytest.mark.parametrize("entries, program", [
    (["data", "policy.pth", "_stable_baselines3_version"], "Stable-Baselines3"),
    (["config.json", "model.weights.h5"], "Keras"), (["holiday.jpg"], None)])
def test_an_archive_is_recognised_by_its_contents(tmp_path, entries, program):
    with zipfile.ZipFile(tmp_path / "ppo_cartpole.zip", "w") as archive:
        for entry in entries:
            archive.writestr(entry, "")
    for place in (tmp_path, tmp_path / "ppo_cartpole.zip"):
        assert recognise(place) == (program and ("ppo_cartpole.zip", program))


def test_a_file_in_the_place_of_a_directory_is_recognised(tmp_path):
    file = tmp_path / "model_50.pt"
    file.write_bytes(b"")
    assert "model_50.pt is a checkpoint of rsl_rl" in refusal(file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken"])
def test_a_broken_archive_and_other_files_are_nobodys(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    (tmp_path / "notes.txt").write_bytes(content)
    assert recognise(tmp_path) is None
    assert refusal(tmp_path).endswith("no checkpoint here: checkpoint.json: No such file or "
                                      "directory")


def test_one_of_ours_nearby_is_pointed_out(tmp_path):
    """In a folder below, such as best/, or above, where somebody has named a node's folder."""
    (tmp_path / "node_3").mkdir()
    (tmp_path / "checkpoint.json").write_text("{}")
    assert refusal(tmp_path / "node_3").endswith(f"there is one in {tmp_path}")
    outer = tmp_path / "runs"
    (outer / "first").mkdir(parents=True)
    (outer / "first" / "checkpoint.json").write_text("{}")
    assert refusal(outer).endswith(f"there is one in {outer / 'first'}")


def test_what_is_not_there_is_just_that(tmp_path):
    assert refusal(tmp_path / "nope").endswith("checkpoint.json: No such file or directory")
