"""A bundle that was changed, and a robot that is another one."""

import copy
import json

import numpy as np
import pytest

from dnne_ros.checkpoints.manifest import FileRecord
from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import (
    DESCRIPTION,
    GOLDEN,
    INTERFACE,
    MANIFEST,
    MODEL,
    read_bundle,
    write_bundle,
)
from dnne_ros.policies.checking import check_bundle, compare
from dnne_ros.policies.golden import golden_vectors
from dnne_ros.policies.interface import ActionTerm, Interface, ObservationTerm, read_interface
from dnne_ros.policies.leapp import leapp_description
from dnne_ros.policies.network import Layer, PolicyNetwork
from dnne_ros.policies.onnx_file import onnx_model

CHANGES = {
    "rate_hz": 20.0, "joints": ["elbow", "shoulder"], "step_seconds": 0.005, "decimation": 4,
    "observations[0].columns": ["elbow", "shoulder"], "observations[0].units": ["deg", "deg"],
    "observations[0].scale": [1.0, 0.5], "observations[1].offset": [0.1, 0.0],
    "observations[1].history": 3, "observations[1].history_order": "term",
    "observations[2].clip": [-5.0, 5.0], "observations[2].quaternion_order": "wxyz",
    "observations[2].frame": "base_link", "observations[2].kind": "state/body/position",
    "actions.columns": ["elbow", "shoulder"], "actions.units": ["N", "N"],
    "actions.scale": [20.0, 20.0], "actions.offset": [0.0, 0.5], "actions.clip": [-2.0, 2.0],
    "actions.limits": [[-1.0, 1.0], [-1.0, 1.0]], "actions.kp": {"shoulder": 40.0},
    "actions.kd": {"shoulder": 1.0}, "actions.kind": "command/joint/position"}


ARM = ("shoulder", "elbow")
REACHER = Interface(
    "Reacher", ARM, 50.0,
    (ObservationTerm("joint_position", "state/joint/position", ARM, ("rad", "rad")),
     ObservationTerm("joint_velocity", "state/joint/velocity", ARM, ("rad/s", "rad/s")),
     ObservationTerm("target", "", ("x",), ("m",))),
    ActionTerm("command/joint/effort", ARM, ("N·m", "N·m"), scale=(2.0, 2.0), clip=(-1.0, 1.0)))


def files_of(seed):
    """Return the files of a bundle with a network of random weights."""
    draws = np.random.default_rng(seed)
    network = PolicyNetwork(tuple(
        Layer(draws.standard_normal((outputs, inputs), np.float32),
              draws.standard_normal(outputs, np.float32))
        for inputs, outputs in ((5, 16), (16, 2))), "elu",
        draws.standard_normal(5, np.float32), 1.0 + draws.random(5, np.float32))
    model = onnx_model(network, REACHER).SerializeToString(deterministic=True)
    return {
        MODEL: model, DESCRIPTION: leapp_description(REACHER, model, MODEL).encode(),
        INTERFACE: json.dumps(REACHER.to_json()).encode(),
        GOLDEN: golden_vectors(lambda rows: network.act(rows, REACHER.actions), network)}


@pytest.fixture
def bundle(tmp_path):
    """Write a bundle; returns its folder."""
    write_bundle(tmp_path / "bundle", files_of(seed=1))
    return tmp_path / "bundle"


def changed(document, name, value):
    """Return JSON values of which one field, ``actions.scale``, is another."""
    document = copy.deepcopy(document)
    place = document
    *above, last = name.replace("[", ".").replace("]", "").split(".")
    for part in above:
        place = place[int(part) if part.isdigit() else part]
    place[last] = value
    return document


def rewrite(bundle, name, data):
    """Put other content into a bundle, such that its hash fits."""
    (bundle / name).write_bytes(data)
    manifest = json.loads((bundle / MANIFEST).read_text())
    record = FileRecord.of(data)
    manifest["files"][name] = {"size": record.size, "sha256": record.sha256}
    (bundle / MANIFEST).write_text(json.dumps(manifest))


def test_a_bundle_as_it_was_written_is_whole(bundle):
    assert all(found <= 1e-6 for found in check_bundle(bundle).deviations.values())
    compare(read_interface(bundle / INTERFACE, (bundle / INTERFACE).read_bytes()), bundle)


@pytest.mark.parametrize("name", [MODEL, DESCRIPTION, INTERFACE, GOLDEN])
def test_every_changed_or_lost_byte_is_refused(bundle, name):
    data = (bundle / name).read_bytes()
    for place in (*range(0, len(data), max(1, len(data) // 50)), len(data) - 1):
        for other in (data[:place] + bytes((data[place] ^ 1,)) + data[place + 1:], data[:place]):
            (bundle / name).write_bytes(other)
            with pytest.raises(InputError, match=f"{name} is damaged"):
                read_bundle(bundle)
    (bundle / name).unlink()
    with pytest.raises(InputError, match=f"{name}: No such file"):
        read_bundle(bundle)


def test_every_byte_of_the_manifest_counts(bundle):
    data = (bundle / MANIFEST).read_bytes()
    for place in range(len(data) - 1):
        for bit in (1, 0x20):
            (bundle / MANIFEST).write_bytes(
                data[:place] + bytes((data[place] ^ bit,)) + data[place + 1:])
            with pytest.raises(InputError):
                read_bundle(bundle)


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_is_named(bundle, field):
    document = json.loads((bundle / INTERFACE).read_text())
    rewrite(bundle, INTERFACE, json.dumps(changed(document, field, CHANGES[field])).encode())
    with pytest.raises(InputError) as refused:
        check_bundle(bundle)
    assert f"{MODEL}: {field}" in str(refused.value)


@pytest.mark.parametrize("field", CHANGES)
def test_a_robot_with_another_interface_is_refused_by_the_field(bundle, tmp_path, field):
    document = json.loads((bundle / INTERFACE).read_text())
    robot = tmp_path / "robot.json"
    robot.write_text(json.dumps(changed(document, field, CHANGES[field])))
    with pytest.raises(InputError) as refused:
        compare(read_interface(bundle / INTERFACE, (bundle / INTERFACE).read_bytes()), robot)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{robot}: {field}") and ": expected " in line and "found" in line


@pytest.mark.parametrize("field, value, said", [
    ("rate_hz", "fast", "rate_hz: expected number, found \"fast\""),
    ("rate_hz", 0, "rate_hz: expected a rate"),
    ("joints", [1], "joints: expected a list of texts, found [1]"),
    ("observations", {}, "observations: expected a list of terms"),
    ("observations[0].scale", [1.0], "observations.joint_position.scale: expected 2, one for"),
    ("observations[1].clip", [1.0], "observations[1].clip: expected 2 numbers, or null"),
    ("actions", None, "actions: expected an object"), ("actions.kp", [1], "numbers by name"),
    ("observations[0].history", 2**40, "history: expected 1 to 10000 samples, found"),
    ("format", 3, "not a policy interface of format 2"), ("colour", "red", "colour: unknown")])
def test_an_interface_that_is_none_is_refused_by_the_field(bundle, tmp_path, field, value, said):
    document = json.loads((bundle / INTERFACE).read_text())
    with pytest.raises(InputError) as refused:
        read_interface(tmp_path / "robot.json",
                       json.dumps(changed(document, field, value)).encode())
    assert said in str(refused.value)


def test_a_policy_that_acts_otherwise_than_in_training_is_refused(bundle):
    rewrite(bundle, GOLDEN, files_of(seed=2)[GOLDEN])
    with pytest.raises(InputError, match="gives other actions than in training: they differ by"):
        check_bundle(bundle)


def test_what_is_no_bundle_is_left_alone(tmp_path):
    files = files_of(seed=1)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="is no bundle, so it is left as it is"):
        write_bundle(tmp_path / "thesis", files)
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["thesis.tex"]
    write_bundle(tmp_path / "bundle", {**files, GOLDEN: b"older"})
    write_bundle(tmp_path / "bundle", files)
    assert read_bundle(tmp_path / "bundle") == files
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]
