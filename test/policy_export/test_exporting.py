"""From a checkpoint to a bundle, and what it gives there."""

import json

import numpy as np
import onnx
import pytest
import torch
from trained_policies import (
    CONTRACT,
    REMEMBERING,
    REMEMBERING_PICTURES,
    SEEING,
    VARIANTS,
    policy_of,
    write_checkpoint,
)

from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import (
    DESCRIPTION,
    GOLDEN,
    INTERFACE,
    METADATA,
    MODEL,
    write_bundle,
)
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.interface import ActionTerm, Interface
from dnne_ros.policies.network import network_of
from dnne_ros.policies.runtimes import ALWAYS, installed_runtimes
from dnne_ros.policy_export.exporting import bundle_of

SCALE = 2.0


def commands(policy, observations):
    """Return what the graph would command: the likeliest action, clamped and scaled."""
    actions = policy.act(observations, torch.Generator(), deterministic=True).actions
    return actions if policy.spec.discrete else actions.clamp(-1.0, 1.0) * SCALE


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint with the policies of some nodes; returns its folder."""
    def write(policies, contract=CONTRACT, name="checkpoint"):
        return write_checkpoint(tmp_path / name, policies, contract)
    return write


@pytest.fixture(params=[*VARIANTS, *SEEING])
def variant(request):
    """Name a kind of policy."""
    return request.param


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint, variant):
    folder = checkpoint({"3": policy_of(variant)})
    files = bundle_of(folder)
    assert files == bundle_of(folder)
    assert files.keys() == {MODEL, DESCRIPTION, INTERFACE, GOLDEN}


def test_any_tool_can_read_the_model(checkpoint, variant):
    model = onnx.load_model_from_string(bundle_of(checkpoint({"3": policy_of(variant)}))[MODEL])
    onnx.checker.check_model(model, full_check=True)
    assert [entry.version for entry in model.opset_import] == [17] and model.ir_version == 8
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    (entry,) = model.metadata_props
    assert entry.key == METADATA and json.loads(entry.value)["rate_hz"] == 50.0


@pytest.mark.parametrize("runtime", ALWAYS)
@pytest.mark.parametrize("batch", [1, 7, 64])
def test_actions_are_those_of_torch(checkpoint, variant, runtime, batch):
    if runtime not in installed_runtimes():
        pytest.skip(f"{runtime} is not installed")
    policy = policy_of(variant)
    act = installed_runtimes()[runtime](bundle_of(checkpoint({"3": policy}))[MODEL])
    count = 10_000 if runtime == "onnxruntime" else 200
    observations = 3.0 * torch.randn(count, 5, generator=torch.Generator().manual_seed(2))
    wanted = commands(policy, observations).numpy()
    found = np.concatenate([act(rows) for rows in np.split(
        observations.numpy(), range(batch, count, batch))])
    assert found.dtype == np.float32 and found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-5 * SCALE
    if not policy.spec.discrete:
        assert (np.abs(wanted) == SCALE).any() and (np.abs(wanted) < SCALE).any()  # clips some


@pytest.mark.parametrize("variant", VARIANTS)
def test_numpy_alone_gives_them_too(checkpoint, variant):
    policy = policy_of(variant)
    network = network_of(policy.spec.to_json(), {
        name: tensor.numpy() for name, tensor in policy.state_dict().items()})
    observations = 3.0 * torch.randn(1000, 5, generator=torch.Generator().manual_seed(2))
    found = network.act(observations.numpy(), ActionTerm(
        "", ("a", "b"), ("", ""), scale=(SCALE, SCALE), clip=(-1.0, 1.0)))
    assert np.abs(found - commands(policy, observations).numpy()).max() <= 1e-5 * SCALE


def test_leapp_runs_it(checkpoint, tmp_path):
    manager = pytest.importorskip(
        "leapp.inference_manager", reason="leapp is not installed").InferenceManager
    policy = policy_of("normalizer")
    write_bundle(tmp_path / "bundle", bundle_of(checkpoint({"3": policy})))
    runner = manager(str(tmp_path / "bundle" / DESCRIPTION))
    assert runner.inputs == ["policy/observations"] and runner.outputs == ["policy/actions"]
    for row in torch.randn(50, 1, 5, generator=torch.Generator().manual_seed(3)):
        found = runner.run_policy({"policy/observations": row})["policy/actions"]
        assert (found - commands(policy, row)).abs().max() <= 1e-5 * SCALE


def test_the_interface_is_that_of_training(checkpoint):
    found = Interface.from_json(json.loads(
        bundle_of(checkpoint({"3": policy_of("normalizer")}))[INTERFACE]))
    assert [(term.name, term.kind, term.columns, term.units) for term in found.observations] == [
        ("joint_position", "state/joint/position", ("shoulder", "elbow"), ("rad", "rad")),
        ("joint_velocity", "state/joint/velocity", ("shoulder", "elbow"), ("rad/s", "rad/s")),
        ("observation", "", ("target",), ("m",))]
    assert found.columns == tuple(CONTRACT["observations"])
    assert (found.task, found.rate_hz, found.joints) == ("Reacher", 50.0, ("shoulder", "elbow"))
    assert found.actions == ActionTerm(
        "command/joint/effort", ("shoulder", "elbow"), ("N·m", "N·m"), scale=(2.0, 2.0),
        clip=(-1.0, 1.0))
    assert found.inside == ("normalization", "action_clip", "action_scale")


def test_what_a_choice_means_is_left_to_the_task(checkpoint, tmp_path):
    files = bundle_of(checkpoint({"3": policy_of("discrete")}))
    found = Interface.from_json(json.loads(files[INTERFACE]))
    assert found.actions == ActionTerm("", ("choice",), ("",)) and found.inside == ()
    write_bundle(tmp_path / "bundle", files)
    assert set(check_bundle(tmp_path / "bundle").deviations.values()) <= {0.0}
    several = bundle_of(checkpoint({"3": policy_of("several choices")}, name="several"))
    assert json.loads(several[INTERFACE])["actions"]["columns"] == [
        "choice_1", "choice_2", "choice_3"]


@pytest.mark.parametrize("variant", [*REMEMBERING, *REMEMBERING_PICTURES, "squashed"])
def test_runtimes_remember_as_in_training(checkpoint, tmp_path, variant):
    """The golden vectors are sequences from a beginning, which torch went through step by step."""
    files = bundle_of(checkpoint({"3": policy_of(variant)}))
    write_bundle(tmp_path / "bundle", files)
    checked = check_bundle(tmp_path / "bundle")
    assert checked.interface.states == {
        "gru": ("h",), "seeing gru": ("h",), "lstm": ("h", "c")}.get(variant, ())
    assert checked.deviations and max(checked.deviations.values()) <= 1e-5


@pytest.mark.parametrize("contract, lacking", [
    ({}, "observations, actions, rate_hz"),
    ({name: value for name, value in CONTRACT.items() if name != "rate_hz"}, "rate_hz"),
    (CONTRACT | {"observations": CONTRACT["observations"][:-1]},
     "names 4 observations, and its network has 5")])
def test_a_policy_of_which_too_little_is_known_is_refused(checkpoint, contract, lacking):
    with pytest.raises(InputError, match=lacking):
        bundle_of(checkpoint({"3": policy_of("plain")}, contract))


def test_which_agent_must_be_said_where_there_are_several(checkpoint):
    folder = checkpoint({"3": policy_of("plain"), "8": policy_of("tanh")})
    with pytest.raises(InputError, match="several nodes have a policy in it: 3, 8; choose one"):
        bundle_of(folder)
    with pytest.raises(InputError, match="node '9' has no policy in it; .*: 3, 8"):
        bundle_of(folder, "9")
    assert bundle_of(folder, "8") == bundle_of(checkpoint(
        {"3": policy_of("plain"), "8": policy_of("tanh")}, name="again"), "8")
    network = checkpoint({"4": torch.nn.Linear(2, 2)}, name="network")
    with pytest.raises(InputError, match="no node has a policy in it"):
        bundle_of(network)
