"""A bundle as a node: what it gives, what it refuses, and what is said of it."""

import asyncio
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from policies_with_memory import remembering

from dnne_ros.checkpoints.manifest import FileRecord
from dnne_ros.checkpoints.policy_interface import differences
from dnne_ros.errors import InputError
from dnne_ros.learning.finite import NotFiniteError
from dnne_ros.node_api.health import Health
from dnne_ros.nodes.policies import onnx_policy, policy_health
from dnne_ros.nodes.policies.onnx_policy import OnnxPolicyNode
from dnne_ros.nodes.robot.robot_controller import RobotControllerNode
from dnne_ros.policies.bundle import GOLDEN, INTERFACE, MANIFEST, MODEL
from dnne_ros.policies.golden import read_golden

TRAINED = Path(__file__).parents[3] / "docs" / "examples" / "cartpole_policy"


@pytest.fixture
def bundle(tmp_path):
    """Return a copy of a bundle, and what changes its interface such that hashes fit."""
    folder = shutil.copytree(TRAINED, tmp_path / "policy")

    def change(document):
        data = json.dumps(document).encode()
        (folder / INTERFACE).write_bytes(data)
        manifest = json.loads((folder / MANIFEST).read_text())
        record = FileRecord.of(data)
        manifest["files"][INTERFACE] = {"size": record.size, "sha256": record.sha256}
        (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder, change


def bare(folder):
    """Let the model of a bundle say nothing of its interface, as if another one had made it."""
    model = onnx.load(folder / MODEL)
    del model.metadata_props[:]
    data = model.SerializeToString()
    (folder / MODEL).write_bytes(data)
    manifest = json.loads((folder / MANIFEST).read_text())
    record = FileRecord.of(data)
    manifest["files"][MODEL] = {"size": record.size, "sha256": record.sha256}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def act(drive, values, *rows, stamps=()):
    """Feed observations, and stamps if there are any; returns the context."""
    async def script(context):
        for number, row in enumerate(rows):
            context.feed("observations", row)
            if stamps:
                context.feed("stamp", stamps[number])
            await context.sends(number + 1)
    return drive(OnnxPolicyNode(values), script,
                 linked=["observations", *(["stamp"] if stamps else [])])


@pytest.mark.parametrize("place", ["", MODEL], ids=["bundle", "ONNX file"])
def test_it_acts_as_it_was_trained(drive, place):
    observations, actions = read_golden((TRAINED / GOLDEN).read_bytes())
    context = act(drive, {"bundle": str(TRAINED / place)},
                  *map(torch.from_numpy, np.split(observations, 16)))
    found = torch.cat(context.outputs("action")).numpy()
    assert found.dtype == np.float32 and np.abs(found - actions).max() <= 1e-5 * 10.0
    assert context.health.values["actions"] == 16
    assert context.health.values["runtime"] == "cpu"
    known = context.health.values["interface"]
    assert known == "not known" if place else len(known) == 12


def test_a_reset_lets_it_begin_anew(drive, tmp_path):
    model = tmp_path / "policy.onnx"
    model.write_bytes(remembering())
    row = torch.ones(1, 3)

    async def script(context):
        for asked in (None, None, False, True):
            if asked is not None:
                context.feed("reset", asked)
                while context.waiting("reset"):
                    await asyncio.sleep(0)
            context.feed("observations", row)
            await context.sends(len(context.sent) + 1)

    context = drive(OnnxPolicyNode({"bundle": str(model)}), script,
                    linked=["observations", "reset"])
    first, second, third, anew = context.outputs("action")
    assert torch.equal(anew, first)
    assert not torch.equal(second, first) and not torch.equal(third, second)


@pytest.mark.parametrize("operator, rehearsed", [(b"", True), (b"RandomNormal", False)])
def test_only_a_policy_that_draws_nothing_is_rehearsed(
        drive, monkeypatch, operator, rehearsed):
    monkeypatch.setattr(onnx_policy, "_QUICK", 60.0)
    ran = []

    async def script(context):
        for rehearsal in context.topics.rehearsals:
            rehearsal()
        assert not ran  # it has not acted yet: how long that takes is not known
        context.feed("observations", torch.zeros(1, 4))
        await context.sends(1)
        policy = node._loaded.policy
        run = policy._run
        monkeypatch.setattr(policy, "_run", lambda *given: ran.append(given) or run(*given))
        object.__setattr__(node._loaded, "file", SimpleNamespace(model=operator))
        for rehearsal in context.topics.rehearsals:
            rehearsal()
        assert bool(ran) is rehearsed
        assert context.health.values["actions"] == 1 and len(context.sent) == 1

    node = OnnxPolicyNode({"bundle": str(TRAINED)})
    drive(node, script, linked=["observations"])


def test_diagnostics_say_how_long_it_takes_and_how_old_the_state_is(drive, monkeypatch):
    monkeypatch.setattr(policy_health, "_TOLD_SECONDS", 0.0)
    row = torch.zeros(1, 4)
    context = act(drive, {"bundle": str(TRAINED)}, row, row, row, stamps=[0, 0, 0])
    said = context.health.values
    assert said["actions"] == 3 and said["inference_p99_us"] > 0.0
    assert said["age_p99_ms"] >= said["age_p50_ms"] > 0.0


def test_diagnostics_count_the_periods_that_passed_without_an_action(monkeypatch):
    moments = iter([0.0, 0.1, 0.2, 0.34, 0.7])  # the last one is three periods late
    monkeypatch.setattr(policy_health, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    said = Health()
    counted = policy_health.PolicyHealth(said, "cpu", "", rate_hz=10.0)
    missed = []
    for _ in range(4):
        counted.acted(0.001)
        missed.append(said.values["missed_periods"])
    assert missed == [0, 0, 0, 3]


def test_a_run_may_insist_on_the_runtime(drive):
    policy = OnnxPolicyNode({"bundle": str(TRAINED), "runtime": "tensorrt"})

    async def script(context):
        context.strict_runtime = True
        policy.setup()

    with pytest.raises(InputError, match="expected tensorrt: TensorrtExecutionProvider"):
        drive(policy, script, linked=["observations"])


@pytest.mark.parametrize("row, error, said", [
    (torch.zeros(1, 5), ValueError, r"expected observations \(environments, 4\), found \(1, 5\)"),
    (torch.zeros(4), ValueError, r"found \(4,\)"),
    (torch.tensor([[0.0, float("nan"), 0.0, 0.0]]), NotFiniteError,
     r"environment 0 \[1\] is nan")])
def test_observations_of_no_use_are_refused(drive, row, error, said):
    with pytest.raises(error, match=said):
        act(drive, {"bundle": str(TRAINED)}, row)


def test_a_changed_file_is_refused_before_anything_runs(bundle):
    folder, _ = bundle
    data = bytearray((folder / MODEL).read_bytes())
    data[100] ^= 1
    (folder / MODEL).write_bytes(data)
    (line,) = OnnxPolicyNode.validate_parameters({"bundle": str(folder)})
    assert line.startswith("widget 'bundle': ") and f"{MODEL} is damaged" in line


def test_what_the_network_does_not_do_is_done_here(drive, bundle):
    folder, change = bundle
    document = json.loads((folder / INTERFACE).read_text())
    document["observations"][1] |= {"offset": [0.5], "scale": [2.0]}
    document["actions"]["offset"] = [1.0]
    change(document)
    bare(folder)
    row, measured = torch.full((1, 4), 0.2), torch.full((1, 4), 0.2)
    measured[0, 1] = 0.6
    plain = act(drive, {"bundle": str(TRAINED)}, row)
    found = act(drive, {"bundle": str(folder)}, measured)
    assert found.outputs("action")[0] == pytest.approx(plain.outputs("action")[0].item() + 1.0)


def test_a_history_begins_with_the_first_sample_and_anew_after_a_reset(drive, bundle):
    folder, change = bundle
    document = json.loads((folder / INTERFACE).read_text())
    document["observations"] = [document["observations"][0] | {"history": 4}]
    change(document)
    bare(folder)
    rows = [torch.full((1, 1), value) for value in (0.3, -0.2)]

    async def script(context):
        for number, row in enumerate((*rows, rows[0])):
            if number == 2:
                context.feed("reset", True)
                while context.waiting("reset"):
                    await asyncio.sleep(0)
            context.feed("observations", row)
            await context.sends(number + 1)

    found = drive(OnnxPolicyNode({"bundle": str(folder)}), script,
                  linked=["observations", "reset"]).outputs("action")
    expected = act(drive, {"bundle": str(TRAINED)}, torch.full((1, 4), 0.3),
                   torch.tensor([[0.3, 0.3, 0.3, -0.2]])).outputs("action")
    assert torch.allclose(torch.cat(found), torch.cat([*expected, expected[0]]))


def test_what_could_only_be_done_inside_the_network_is_refused(bundle):
    folder, change = bundle
    document = json.loads((folder / INTERFACE).read_text())
    change({**document, "inside": ["action_scale"]})
    (line,) = OnnxPolicyNode.validate_parameters({"bundle": str(folder)})
    assert line == ("widget 'bundle': actions.clip: expected it inside the network, as "
                    "action_scale is, which comes after it")


@pytest.mark.parametrize("change, said", [
    ({"rate_hz": 20.0}, "policy.onnx: rate_hz: expected 20.0, found 60.0"),
    ({"states": ["hidden"]}, "states: expected hidden by its interface, found none")])
def test_a_model_with_another_interface_is_refused(drive, bundle, change, said):
    folder, rewrite = bundle
    rewrite(json.loads((folder / INTERFACE).read_text()) | change)
    with pytest.raises(InputError) as refused:
        act(drive, {"bundle": str(folder)})
    assert said in str(refused.value)


@pytest.mark.parametrize("text, said", [
    ("/nowhere", "/nowhere: cannot read"), ("~nobody_at_all/policy", "place: "),
    (__file__, "is neither the folder of a bundle nor a"),
    (str(Path(__file__).parent), "no policy bundle: bundle.json")])
def test_a_place_without_a_policy_is_named(text, said):
    assert said in "".join(OnnxPolicyNode.validate_parameters({"bundle": text}))


@pytest.mark.parametrize("kind", ["command/joint/position", "target/joint/position"])
def test_joints_and_gains_are_those_of_training(drive, bundle, kind):
    folder, change = bundle
    document = json.loads((folder / INTERFACE).read_text())
    document["actions"] |= {"kind": kind, "kp": {"slider_to_cart": 20.0}}
    change(document)
    trained = OnnxPolicyNode.trained_interface({"bundle": str(folder)})

    def said(**widgets):
        node = RobotControllerNode({"num_joints": 1, "joint_names": "slider_to_cart", **widgets})
        drive(node, lambda _: asyncio.sleep(0), linked=["action"])
        return differences(trained, node.policy_interface())

    assert said(kp="20") == [] == said(kp='{"slider_to_cart": 20}')
    assert said(kp="25") == ['kp: expected {"slider_to_cart": 20.0} as in training, found '
                             '{"slider_to_cart": 25.0} in this graph']
    assert said() == ['kp: expected {"slider_to_cart": 20.0} as in training, found nothing in '
                      "this graph"]
    assert said(kp="20", kd="1") == [
        'kd: expected nothing as in training, found {"slider_to_cart": 1.0} in this graph']


def test_what_it_was_trained_with_is_what_nodes_say():
    assert OnnxPolicyNode.trained_interface({"bundle": str(TRAINED)}) == {
        "task": "Cartpole", "joints": ["slider_to_cart", "cart_to_pole"], "rate_hz": 60.0,
        "observations": ["slider_to_cart.position", "slider_to_cart.velocity",
                         "cart_to_pole.position", "cart_to_pole.velocity"],
        "observation_units": ["m", "m/s", "rad", "rad/s"],
        "actions": ["slider_to_cart.effort"], "action_units": ["N"]}
    assert OnnxPolicyNode.trained_interface({"bundle": str(TRAINED / MODEL)}) is None
