"""A run begins with the weights that another program saved: node_6/model.pt and no more."""

import struct

import numpy as np
import pytest
import torch
from torch import nn

FEW = ("--set", "1.num_envs=4", "--set", "6.max_updates=2", "--quiet")


@pytest.fixture
def policy(tmp_path):
    """Save a policy of such hidden layers for the trainer; return the directory."""
    def write(size):
        torch.manual_seed(0)
        network = nn.ModuleDict({
            "shared": nn.Sequential(nn.Linear(4, size), nn.ELU(), nn.Linear(size, size), nn.ELU()),
            "policy_mean": nn.Linear(size, 1), "value": nn.Linear(size, 1)})
        network["policy_log_std"] = nn.ParameterDict({"log_std": nn.Parameter(torch.zeros(1))})
        (tmp_path / "run" / "node_6").mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), tmp_path / "run" / "node_6" / "model.pt")
        return tmp_path / "run"
    return write


def test_training_goes_on_from_a_policy_in_every_placement(start_run, cartpole, policy, tmp_path):
    directory = policy(64)
    losses = []
    for place, load in (("fused", directory), ("split", directory), ("fused", None)):
        run = start_run(cartpole, *FEW, "--place", place, *(
            () if load is None else ("--load-checkpoint-dir", load)))
        assert run.wait() == 0, run.output
        losses.append(run.report["losses"])
    assert losses[0] == losses[1] != losses[2] and len(losses[0]) == 2


@pytest.mark.parametrize("place", ["fused", "split"])
def test_weights_that_do_not_fit_end_the_run_before_it_starts(start_run, cartpole, policy, place):
    file = policy(32) / "node_6" / "model.pt"
    run = start_run(cartpole, *FEW, "--place", place, "--load-checkpoint-dir", file.parents[1])
    assert run.wait() == 2, run.output
    for line in ("actor.0.weight: expected (64, 4), found (32, 4)",
                 "critic.2.bias: expected (64,), found (32,)",
                 "actor.4.weight: expected (1, 64), found (1, 32)"):
        assert f"(PPOAgentNode): {file}: {line}" in run.output
    assert "actor.4.bias" not in run.output and "Traceback" not in run.output
    assert run.output.count(f"{file}:") == 10


def test_weights_of_no_node_and_files_of_none(start_run, cartpole, tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "model.pt")
    for node, expected in ((9, "node 9, which is not in it"), (1, "it has none of its own"),
                           (1, "expected its weights in node_3/model.pt, found none")):
        folder = tmp_path / f"saved{node}" / f"node_{node}"
        folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model.pt").rename(folder / "model.pt")
        run = start_run(cartpole, *FEW, "--load-checkpoint-dir", folder.parent)
        assert run.wait() == 2, run.output
        assert expected in run.output
        (folder / "model.pt").rename(tmp_path / "model.pt")


@pytest.fixture
def digits(tmp_path):
    """Return a folder with 20 digits, and their pictures and labels."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (20, 28, 28)).astype(np.uint8)
    labels = np.arange(20, dtype=np.uint8) % 10
    for prefix in ("train", "t10k"):
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(
            struct.pack(">4i", 2051, 20, 28, 28) + pictures.tobytes())
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2i", 2049, 20) + labels.tobytes())
    numbers = (torch.from_numpy(pictures).float() / 255 - 0.1307) / 0.3081
    return tmp_path, numbers.reshape(20, -1), torch.from_numpy(labels.astype(np.int64))


def test_a_network_evaluates_as_it_did_elsewhere(start_run, repository, digits):
    folder, pictures, labels = digits
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
                            nn.Linear(128, 10))
    save_at = folder / "run" / "node_4"
    save_at.mkdir(parents=True)
    torch.save(network.state_dict(), save_at / "model.pt")
    arguments = (repository / "config/workflows/mnist_mlp.json", "--quiet", "--set",
                 f"1.data_path={folder}", "--set", "2.batch_size=20", "--load-checkpoint-dir",
                 folder / "run")
    run = start_run(*arguments, "--inference")
    assert run.wait() == 0, run.output
    expected = nn.functional.cross_entropy(network(pictures), labels).item()
    assert run.report["epochs"][-1]["loss"] == pytest.approx(expected, rel=1e-5)
    torch.save(nn.Sequential(nn.Linear(784, 3), *network[1:]).state_dict(), save_at / "model.pt")
    run = start_run(*arguments)
    assert run.wait() == 2 and "(Network): " in run.output, run.output
    assert run.output.count("expected (") == 2, run.output
