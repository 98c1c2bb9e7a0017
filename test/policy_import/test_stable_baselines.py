"""Models of Stable-Baselines3, compared with Stable-Baselines3."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import torch
from robot_interfaces import write_interface

from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import INTERFACE, MODEL, write_bundle
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.interface import Interface
from dnne_ros.policies.onnx_file import network_in, onnx_model
from dnne_ros.policies.runtimes import onnxruntime_policy
from dnne_ros.policy_import.importing import Source, imported_bundle

OBSERVATIONS, JOINTS = 6, ("hip", "knee")
LOW, HIGH = np.array([-1.0, -0.5], np.float32), np.array([1.0, 2.0], np.float32)
ALGORITHMS = ("PPO", "A2C", "SAC", "TD3")


@pytest.fixture(scope="module")
def sb3():
    """Return Stable-Baselines3."""
    return pytest.importorskip("stable_baselines3", reason="Stable-Baselines3 is not installed")


@pytest.fixture(scope="module")
def environment(sb3):
    """Return a robot that stands still, which `VecNormalize` has watched for a while."""
    import gymnasium
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    class Standing(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (OBSERVATIONS,), np.float32)
        action_space = gymnasium.spaces.Box(LOW, HIGH)

        def reset(self, *, seed=None, options=None):
            return np.zeros(OBSERVATIONS, np.float32), {}

        def step(self, action):
            return np.zeros(OBSERVATIONS, np.float32), 0.0, False, False, {}

    normalized = VecNormalize(DummyVecEnv([Standing]), clip_obs=2.0)
    draws = np.random.default_rng(0)
    normalized.obs_rms.update(draws.normal(2.0, [0.1, 1, 3, 5, 7, 0.01], (500, OBSERVATIONS)))
    return normalized


@pytest.fixture
def saved(sb3, environment, tmp_path):
    """Save a model of an algorithm, its `VecNormalize` beside it; returns both and the file."""
    def call(algorithm, normalizes=True, **settings):
        model = getattr(sb3, algorithm)("MlpPolicy", environment, seed=1, **settings)
        with torch.no_grad():
            for name, weights in model.policy.named_parameters():
                if name in ("action_net.weight", "actor.mu.weight", "actor.mu.4.weight"):
                    weights.mul_(30.0 if name == "action_net.weight" else 3.0)
        model.save(tmp_path / "model.zip")
        if normalizes:
            environment.save(tmp_path / "vecnormalize.pkl")
        return model, tmp_path / "model.zip"
    return call


@pytest.fixture
def imported(tmp_path):
    """Import a model; returns the files of the bundle."""
    def call(path, trust=True, **changes):
        interface = write_interface(tmp_path, OBSERVATIONS, JOINTS, **changes)
        return imported_bundle(Source("sb3", path, interface, trust=trust))
    return call


def observed(count=2000):
    """Return observations of which `VecNormalize` clips some."""
    draws = np.random.default_rng(3)
    return draws.normal(2.0, [0.2, 2, 6, 10, 14, 0.02], (count, OBSERVATIONS)).astype(np.float32)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_actions_are_those_of_stable_baselines(saved, imported, environment, tmp_path, algorithm):
    model, path = saved(algorithm)
    files = imported(path)
    found = onnxruntime_policy(files[MODEL])(observed())
    wanted, _ = model.predict(environment.normalize_obs(observed()), deterministic=True)
    assert np.abs(found - wanted).max() <= 1e-6
    assert wanted.std(axis=0).min() > 0.1 and (wanted >= LOW).all() and (wanted <= HIGH).all()
    write_bundle(tmp_path / "bundle", files)
    assert check_bundle(tmp_path / "bundle").deviations["onnxruntime"] <= 1e-6


def test_a_model_without_a_normaliser(saved, imported):
    settings = {"policy_kwargs": {"activation_fn": torch.nn.ELU, "net_arch": [32]}}
    model, path = saved("PPO", normalizes=False, **settings)
    files = imported(path, trust=False)
    wanted, _ = model.predict(observed(), deterministic=True)
    assert np.abs(onnxruntime_policy(files[MODEL])(observed()) - wanted).max() <= 1e-6
    interface = Interface.from_json(json.loads(files[INTERFACE]))
    assert interface.inside == ("action_limits",)
    assert interface.actions.limits == ((-1.0, 1.0), (-0.5, 2.0))


@pytest.mark.parametrize("algorithm", ["PPO", "SAC"])
def test_scale_and_offset_of_the_interface_come_after_the_model(
        saved, imported, environment, algorithm):
    model, path = saved(algorithm)
    scale, offset = np.array([2.0, -4.0]), np.array([0.5, 0.25])
    files = imported(path, actions={"scale": scale.tolist(), "offset": offset.tolist(),
                                    "limits": [[-1.0, 1.0], [-3.0, 1.5]]})
    wanted, _ = model.predict(environment.normalize_obs(observed()), deterministic=True)
    wanted = (wanted * scale + offset).clip([-1.0, -3.0], [1.0, 1.5])
    assert np.abs(onnxruntime_policy(files[MODEL])(observed()) - wanted).max() <= 4e-6


def test_a_pickle_is_loaded_only_by_those_who_trust_it(saved, imported, tmp_path):
    _, path = saved("PPO")

    class Opened:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    (tmp_path / "vecnormalize.pkl").write_bytes(pickle.dumps(Opened()))
    with pytest.raises(InputError, match=r"vecnormalize.pkl is a pickle, whose loading may run "
                                         "code: it is loaded only with --trust"):
        imported(path, trust=False)
    with pytest.raises(InputError, match="expected a VecNormalize"):
        imported(path)
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("algorithm", ["PPO", "SAC"])
def test_its_network_is_found_again_in_its_file(saved, imported, algorithm):
    _, path = saved(algorithm)
    files = imported(path)
    interface = Interface.from_json(json.loads(files[INTERFACE]))
    network = network_in(files[MODEL], interface)
    assert onnx_model(network, interface).SerializeToString(deterministic=True) == files[MODEL]


def by_hand(tmp_path, data=None, **weights):
    """Write a model without Stable-Baselines3; returns its file."""
    said = {"observation_space": {":type:": "<class 'gymnasium.spaces.box.Box'>"},
            "action_space": {":type:": "<class 'gymnasium.spaces.box.Box'>",
                             "low": "[-1. -2.]", "high": "[1. 2.]"}, "policy_kwargs": {}}
    state = {"action_net.weight": torch.ones(2, OBSERVATIONS), "action_net.bias": torch.zeros(2)}
    state |= {name: value for name, value in weights.items() if value is not None}
    written = io.BytesIO()
    torch.save({name: value for name, value in state.items() if name not in {
        name for name, value in weights.items() if value is None}}, written)
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("data", json.dumps({**said, **(data or {})}))
        archive.writestr("policy.pth", written.getvalue())
    return tmp_path / "model.zip"


def test_a_model_by_hand(imported, tmp_path):
    policy = onnxruntime_policy(imported(by_hand(tmp_path))[MODEL])
    rows = np.array([[0.25] * OBSERVATIONS, [0.1] * OBSERVATIONS, [-3.0] * OBSERVATIONS])
    assert policy(rows.astype(np.float32)) == pytest.approx(
        np.array([[1.0, 1.5], [0.6, 0.6], [-1.0, -2.0]]))


def test_a_choice(tmp_path):
    path = by_hand(tmp_path, {"action_space": {
        ":type:": "<class 'gymnasium.spaces.discrete.Discrete'>", "n": "2"}},
        **{"action_net.bias": torch.tensor([0.0, 1.0])})
    interface = write_interface(tmp_path, OBSERVATIONS, ["choice"])
    files = imported_bundle(Source("sb3", path, interface))
    assert onnxruntime_policy(files[MODEL])(np.ones((3, OBSERVATIONS), np.float32)).tolist() == [
        [1.0]] * 3


def test_several_choices(tmp_path):
    """Of 2 logits in all: one for each, or two choices of which there is one each."""
    space = {":type:": "<class 'gymnasium.spaces.multi_discrete.MultiDiscrete'>", "nvec": "[1 1]"}
    interface = write_interface(tmp_path, OBSERVATIONS, ["left", "right"])
    files = imported_bundle(Source("sb3", by_hand(tmp_path, {"action_space": space}), interface))
    assert onnxruntime_policy(files[MODEL])(np.ones((3, OBSERVATIONS), np.float32)).tolist() == [
        [0.0, 0.0]] * 3
    with pytest.raises(InputError, match=r"expected choices of 2 in all, found \(3, 2\)"):
        imported_bundle(Source("sb3", by_hand(
            tmp_path, {"action_space": {**space, "nvec": "[3 2]"}}), interface))


BOX = "<class 'gymnasium.spaces.box.Box'>"


@pytest.mark.parametrize("data, weights, said", [
    ({}, {"action_net.bias": None}, "the policy lacks 'action_net.bias'"),
    ({}, {"action_net.weight": None}, "expected a policy of PPO, A2C, SAC, TD3 or DDPG"),
    ({}, {"features_extractor.cnn.0.weight": torch.ones(1)}, "found features_extractor.cnn"),
    ({}, {"lstm_actor.weight_ih_l0": torch.ones(1)}, "found lstm_actor"),
    ({"policy_kwargs": {"activation_fn": "<class 'torch.nn.modules.activation.GELU'>"}}, {},
     "expected an activation of Tanh, ReLU, ELU, found GELU"),
    ({"policy_kwargs": ["squash_output"]}, {}, "policy_kwargs: expected an object"),
    ({"observation_space": {":type:": "<class 'gymnasium.spaces.dict.Dict'>"}}, {},
     "expected a Box as observation space"),
    ({"action_space": {":type:": "<class 'gymnasium.spaces.dict.Dict'>"}}, {},
     "expected a Box, a Discrete or a MultiDiscrete as action space"),
    ({"action_space": {":type:": BOX, "low": "[-1.]", "high": "[1. 1.]"}}, {},
     "expected bounds of 2 actions, found 1 and 2"),
    ({"action_space": {":type:": BOX, "low": "[-1. ...]", "high": "[1. 1.]"}}, {},
     "could not convert string to float"),
    ({"use_sde": True, "policy_kwargs": {"squash_output": True}}, {}, "found use_sde=True")])
def test_what_is_no_such_model_is_refused(imported, tmp_path, data, weights, said):
    with pytest.raises(InputError, match=said):
        imported(by_hand(tmp_path, data, **weights))


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"no archive"])
def test_what_is_no_archive_is_refused(imported, tmp_path, content):
    (tmp_path / "model.zip").write_bytes(content)
    with pytest.raises(InputError, match="expected a model of Stable-Baselines3, found none"):
        imported(tmp_path / "model.zip")


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    (tmp_path / "model.zip").write_bytes(b"")
    (tmp_path / "vecnormalize.pkl").write_bytes(b"")
    with pytest.raises(InputError) as refused:
        imported_bundle(Source("sb3", tmp_path / "model.zip", activation="elu"))
    said = str(refused.value)
    for each in ("4 problems", "--activation is for rsl_rl", "expected a model of Stable-Base",
                 "only with --trust", "give --interface"):
        assert each in said
