"""Checkpoints of rsl_rl, compared with rsl_rl."""

import json
import os

import numpy as np
import pytest
import torch
from robot_interfaces import write_interface

from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import GOLDEN, MODEL, write_bundle
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.golden import read_golden
from dnne_ros.policies.interface import Interface
from dnne_ros.policies.network import CELLS
from dnne_ros.policies.onnx_file import network_in, onnx_model
from dnne_ros.policies.runtimes import onnxruntime_policy
from dnne_ros.policy_cpp.package import cpp_package
from dnne_ros.policy_import.importing import PROGRAMS, Source, imported_bundle

OBSERVATIONS, JOINTS = 12, ("hip", "knee", "ankle")
NETWORKS = ("mlp", "gru", "lstm")


@pytest.fixture(scope="module")
def actors():
    """Return actors of rsl_rl by their kind, with a normaliser that has seen something."""
    models = pytest.importorskip("rsl_rl.models", reason="rsl_rl is not installed")
    from tensordict import TensorDict

    torch.manual_seed(1)
    seen = TensorDict({"policy": 3.0 * torch.randn(500, OBSERVATIONS) + 2.0}, batch_size=[500])
    made = {}
    for kind in NETWORKS:
        settings = {"hidden_dims": [64, 32], "obs_normalization": True, "activation": "elu",
                    "distribution_cfg": {"class_name": "GaussianDistribution"}}
        if kind == "mlp":
            type = models.MLPModel
        else:
            type = models.RNNModel
            settings |= {"rnn_type": kind, "rnn_hidden_dim": 16, "rnn_num_layers": 2}
        actor = type(seen, {"actor": ["policy"]}, "actor", len(JOINTS), **settings)
        actor.update_normalization(seen)
        made[kind] = actor.eval()
    return made


@pytest.fixture
def imported(tmp_path):
    """Import a checkpoint of rsl_rl; returns the files of the bundle."""
    def call(content, activation="elu", **changes):
        torch.save(content, tmp_path / "model_1500.pt")
        return imported_bundle(Source(
            "rsl_rl", tmp_path / "model_1500.pt",
            write_interface(tmp_path, OBSERVATIONS, JOINTS, **changes), activation))
    return call


def checkpoint(actor, **more):
    """Return what `OnPolicyRunner.save` writes."""
    return {"actor_state_dict": actor.state_dict(), "critic_state_dict": {}, "iter": 1500,
            "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 1e-3}]}, "infos": None,
            **more}


def earlier(actor):
    """Return what version 2 and 3 wrote for the same actor."""
    state = actor.state_dict()
    renamed = {}
    for name, tensor in state.items():
        name = name.replace("mlp.", "actor.").replace("rnn.rnn.", "memory_a.rnn.")
        renamed[name.replace("distribution.std_param", "std")] = tensor
    normalizer = {name.removeprefix("obs_normalizer."): renamed.pop(name)
                  for name in list(renamed) if name.startswith("obs_normalizer.")}
    return renamed, normalizer


@pytest.mark.parametrize("kind", NETWORKS)
def test_actions_are_those_of_rsl_rl(actors, imported, tmp_path, kind):
    """Over sequences of seven robots, each of which begins with a reset."""
    from tensordict import TensorDict

    files = imported(checkpoint(actors[kind]))
    policy, actor = onnxruntime_policy(files[MODEL]), actors[kind]
    draws = torch.Generator().manual_seed(2)
    moved = 0.0
    with torch.no_grad():
        for _ in range(4):
            policy.reset()
            actor.reset()
            for _ in range(100):
                seen = 4.0 * torch.randn(7, OBSERVATIONS, generator=draws) + 2.0
                wanted = actor(TensorDict({"policy": seen}, batch_size=[7])).numpy()
                assert np.abs(policy(seen.numpy()) - wanted).max() <= 1e-6
                moved = max(moved, np.abs(wanted).max())
    assert moved > 0.05
    write_bundle(tmp_path / "bundle", files)
    assert check_bundle(tmp_path / "bundle").deviations["onnxruntime"] <= 1e-6


@pytest.mark.parametrize("kind", NETWORKS)
def test_earlier_versions_are_read_too(actors, imported, kind):
    weights, normalizer = earlier(actors[kind])
    inside = {**weights, **{f"actor_obs_normalizer.{name}": tensor
                            for name, tensor in normalizer.items()}}
    wanted = read_golden(imported(checkpoint(actors[kind]))[GOLDEN])
    for content in ({"model_state_dict": weights, "obs_norm_state_dict": normalizer},
                    {"model_state_dict": inside}):
        for found, expected in zip(read_golden(imported(content)[GOLDEN]), wanted, strict=True):
            assert (found == expected).all()


def test_what_is_carried_on_begins_anew_with_each_sequence(actors, imported):
    files = imported(checkpoint(actors["lstm"]))
    observations, actions = read_golden(files[GOLDEN])
    assert observations.shape == (16, 16, OBSERVATIONS) and actions.shape == (16, 16, 3)
    policy = onnxruntime_policy(files[MODEL])
    assert policy.states == ("h", "c")
    policy(observations[0, :1])
    assert np.abs(policy(observations[1, :1]) - actions[1, 0]).max() > 1e-4
    policy.reset()
    assert np.abs(policy(observations[1, :1]) - actions[1, 0]).max() <= 1e-6


def test_commands_are_those_of_the_interface(actors, imported):
    plain = onnxruntime_policy(imported(checkpoint(actors["mlp"]))[MODEL])
    files = imported(checkpoint(actors["mlp"]), actions={
        "scale": [0.5, 0.25, 1.0], "offset": [0.1, 0.0, -0.1], "limits": [[-0.2, 0.2]] * 3})
    observations, commands = read_golden(files[GOLDEN])
    wanted = (plain(observations) * [0.5, 0.25, 1.0] + [0.1, 0.0, -0.1]).clip(-0.2, 0.2)
    assert np.abs(commands - wanted).max() <= 1e-6
    assert (np.abs(commands) == np.float32(0.2)).any() and (np.abs(commands) < 0.2).any()
    interface = Interface.from_json(json.loads(files["interface.json"]))
    assert interface.inside == ("normalization", "action_scale", "action_offset", "action_limits")


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_leapp_runs_it(actors, imported, tmp_path, kind):
    manager = pytest.importorskip(
        "leapp.inference_manager", reason="leapp is not installed").InferenceManager
    files = imported(checkpoint(actors[kind]))
    write_bundle(tmp_path / "bundle", files)
    runner = manager(str(tmp_path / "bundle" / "policy.yaml"))
    assert runner.feedback_inputs == [f"policy/{state}_in" for state in CELLS[kind].states]
    observations, actions = read_golden(files[GOLDEN])
    for row, wanted in zip(observations[0], actions[0], strict=True):
        found = runner.run_policy({"policy/observations": torch.from_numpy(row[None])})
        assert np.abs(found["policy/actions"].numpy() - wanted).max() <= 1e-6


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_recurrent_network_is_found_again_in_its_file(actors, imported, kind):
    files = imported(checkpoint(actors[kind]))
    interface = Interface.from_json(json.loads(files["interface.json"]))
    network = network_in(files[MODEL], interface)
    assert onnx_model(network, interface).SerializeToString(deterministic=True) == files[MODEL]


def test_what_carries_something_on_runs_in_onnxruntime_in_cpp(actors, imported, tmp_path):
    write_bundle(tmp_path / "bundle", imported(checkpoint(actors["gru"])))
    package = cpp_package(tmp_path / "bundle", "my_policy")
    assert package.header_problem == "it is recurrent (gru)" and MODEL in package.files
    assert b"n % 16 == 0" in package.files["test/test_golden.cpp"]  # a reset before each sequence


def by_hand(**changes):
    """Return the checkpoint of a small actor, made without rsl_rl."""
    weights = {"mlp.0.weight": torch.ones(4, OBSERVATIONS), "mlp.0.bias": torch.zeros(4),
               "mlp.2.weight": torch.ones(3, 4), "mlp.2.bias": torch.zeros(3),
               "distribution.std_param": torch.ones(3)}
    weights |= {name.replace("_of_", "."): value for name, value in changes.items()}
    return {"actor_state_dict": {name: value for name, value in weights.items()
                                 if value is not None}}


def test_an_actor_without_a_normaliser(imported):
    """One of ones: each hidden unit is the sum, and each action four times its activation."""
    policy = onnxruntime_policy(imported(by_hand(), activation="relu")[MODEL])
    rows = np.full((2, OBSERVATIONS), 0.5, np.float32)
    rows[1] *= -1.0
    assert policy(rows).tolist() == [[24.0] * 3, [0.0] * 3]


@pytest.mark.parametrize("content, said", [
    ({"weights": 1}, "found no actor_state_dict and no model_state_dict"),
    ({"actor_state_dict": 7}, "expected tensors by name"),
    ({"actor_state_dict": {"cnns.0.weight": torch.ones(1)}}, "observations in a row, found cnns"),
    (by_hand(**{"mlp.2.bias": None}), "the actor lacks 'mlp.2.bias'"),
    (by_hand(**{"distribution.std_param": None}), "found another distribution"),
    (by_hand(**{"mlp.2.weight": torch.ones(3, 5)}),
     r"layer 1: expected weights of 4 inputs and a bias for each output, found \(3, 5\)"),
    (by_hand(**{"mlp.2.weight": torch.ones(3, 4, dtype=torch.int64)}),
     "weight: expected float32 of 2 axes, found int64"),
    (by_hand(**{"mlp.0.weight": torch.ones(12)}), "weight: expected float32 of 2 axes"),
    (by_hand(**{"mlp.2.weight": torch.ones(3, 4).to_sparse(), "mlp.2.bias": torch.ones(
        3, device="meta")}), "of plain numbers, found others: mlp.2.weight, mlp.2.bias"),
    (by_hand(**{"mlp.2.weight": torch.full((3, 4), torch.nan)}), "actions that are not finite"),
    (by_hand(**{"mlp.0.weight": torch.ones(4, 9)}),
     "the interface names 12 observations, and the network has 9"),
    (by_hand(**{"rnn.rnn.weight_ih_l0": torch.ones(4, 12)}), "the actor lacks 'rnn.rnn.weight_hh"),
])
def test_what_is_no_such_actor_is_refused(imported, content, said):
    with pytest.raises(InputError, match=said):
        imported(content)


def test_what_would_run_code_is_not_loaded(imported, tmp_path):
    class Opened:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    with pytest.raises(InputError, match="found objects whose loading would run code"):
        imported(checkpoint(torch.nn.Linear(1, 1), infos=Opened()))
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_might_never_end_is_not_read(tmp_path, program):
    """A pipe, a folder, nothing at all."""
    os.mkfifo(tmp_path / "policy")
    interface = None if program == "leapp" else write_interface(tmp_path, OBSERVATIONS, JOINTS)
    activation = "elu" if program == "rsl_rl" else ""
    for name in ("policy", "..", "missing"):
        with pytest.raises(InputError) as refused:
            imported_bundle(Source(program, tmp_path / name, interface, activation))
        assert "Traceback" not in str(refused.value) and refused.value.exit_code == 2
