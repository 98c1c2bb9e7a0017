"""Bundles of LEAPP: one that leapp itself has made, compared with leapp, and ones by hand."""

import json

import numpy as np
import pytest
import torch
import yaml
from robot_interfaces import interface_document

from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import INTERFACE, MODEL, write_bundle
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.interface import Interface
from dnne_ros.policies.leapp import leapp_description
from dnne_ros.policies.network import Layer, PolicyNetwork
from dnne_ros.policies.onnx_file import onnx_model
from dnne_ros.policies.runtimes import onnxruntime_policy
from dnne_ros.policy_import.importing import Source, imported_bundle

JOINTS, HIDDEN = ["hip", "knee", "ankle"], 8


@pytest.fixture(scope="module")
def walker(tmp_path_factory):
    """Write a GRU that sees its last action and says gains, with leapp; returns its folder."""
    leapp = pytest.importorskip("leapp", reason="leapp is not installed")
    from leapp import annotate

    folder = tmp_path_factory.mktemp("leapp")
    torch.manual_seed(3)
    cell, head = torch.nn.GRUCell(9, HIDDEN), torch.nn.Linear(HIDDEN, 3)

    def semantics(name, value, kind):
        return leapp.TensorSemantics(name=name, ref=value, kind=kind, element_names=[JOINTS])

    leapp.start("walker", save_path=str(folder))
    with torch.no_grad():
        position, velocity = annotate.input_tensors("policy", [
            semantics("joint_pos", torch.zeros(1, 3), "state/joint/position"),
            semantics("joint_vel", torch.zeros(1, 3), "state/joint/velocity")])
        last, hidden = annotate.state_tensors("policy", {
            "last_action": torch.full((1, 3), 0.25), "hidden": torch.full((1, HIDDEN), 0.5)})
        new = cell(torch.cat([position, 0.1 * velocity, last], dim=1), hidden)
        action = head(new)
        annotate.update_state("policy", {"last_action": action, "hidden": new})
        annotate.output_tensors(
            "policy", [semantics("targets", 0.5 * action, "target/joint/position")],
            static_outputs=[semantics("kp", torch.tensor([[40.0, 30.0, 20.0]]), "kp"),
                            semantics("kd", torch.tensor([[1.0, 0.5, 0.25]]), "kd")],
            export_with="onnx-torchscript")
    leapp.stop()
    leapp.compile_graph(visualize=False, validate=False,
                        graph_configs=leapp.GraphConfigs(frequency=50.0))
    return folder / "walker"


def test_actions_are_those_of_leapp(walker):
    """Over 500 steps, also after a reset, from what is not zero at the beginning."""
    from leapp.inference_manager import InferenceManager

    policy = onnxruntime_policy(imported_bundle(Source("leapp", walker))[MODEL])
    draws = np.random.default_rng(6).standard_normal((500, 1, 6), np.float32)
    for _ in range(2):
        policy.reset()
        runner = InferenceManager(str(walker / "walker.yaml"))
        for row in draws:
            found = runner.run_policy({
                "policy/joint_pos": torch.from_numpy(row[:, :3]),
                "policy/joint_vel": torch.from_numpy(row[:, 3:])})
            assert np.abs(policy(row) - found["policy/targets"].numpy()).max() <= 1e-6


def test_what_leapp_says_is_the_interface(walker, tmp_path):
    write_bundle(tmp_path / "bundle", imported_bundle(Source("leapp", walker / "walker.yaml")))
    found = check_bundle(tmp_path / "bundle").interface
    assert found.columns == (*(f"{joint}.position" for joint in JOINTS),
                             *(f"{joint}.velocity" for joint in JOINTS))
    assert (found.rate_hz, found.joints) == (50.0, tuple(JOINTS))
    assert (found.actions.kind, found.actions.columns) == (
        "target/joint/position", tuple(JOINTS))
    assert found.actions.kp == {"hip": 40.0, "knee": 30.0, "ankle": 20.0}
    assert found.actions.kd == {"hip": 1.0, "knee": 0.5, "ankle": 0.25}
    assert sorted(found.states) == ["hidden", "last_action"]


@pytest.fixture
def plain(tmp_path):
    """Write a LEAPP folder of a plain network by hand; returns what edits its description."""
    interface = Interface.from_json(interface_document(4, ["hip", "knee"]))
    weights = np.random.default_rng(1).standard_normal((2, 4), np.float32)
    network = PolicyNetwork((Layer(weights, np.zeros(2, np.float32)),), "relu")
    model = onnx_model(network, interface).SerializeToString(deterministic=True)
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / MODEL).write_bytes(model)
    description = yaml.safe_load(leapp_description(interface, model, MODEL))

    def write(edit=lambda _: None):
        edit(description)
        (folder / "policy.yaml").write_text(yaml.safe_dump(description))
        return folder
    return write


def test_a_plain_network(plain):
    files = imported_bundle(Source("leapp", plain()))
    assert Interface.from_json(json.loads(files[INTERFACE])).columns == tuple(
        f"sensed_{number}" for number in range(4))
    rows = np.random.default_rng(2).standard_normal((50, 4), np.float32)
    source = onnxruntime_policy((plain() / MODEL).read_bytes())
    assert (onnxruntime_policy(files[MODEL])(rows) == source(rows)).all()


def put(path, value):
    """Return what sets a field of a description; None removes it."""
    def edit(document):
        *above, last = path
        for part in above:
            document = document[part]
        document.pop(last) if value is None else document.__setitem__(last, value)
    return edit


PARAMETERS = ("models", "policy", "parameters")


@pytest.mark.parametrize("edit, said", [
    (put((*PARAMETERS, "sha256sum"), "0" * 64), "policy.onnx is not the file that was exported"),
    (put((*PARAMETERS, "backend"), "jit"), "backend: expected onnx, found 'jit'"),
    (put((*PARAMETERS, "model_path"), "../secret"), "expected a file beside the bundle's, found"),
    (put((*PARAMETERS, "model_path"), "other.onnx"), "there is no file .*other.onnx"),
    (put(("models", "second"), {}), "models.second.inputs: expected a list of tensors"),
    (put(("models",), None), "not a LEAPP bundle: expected models, pipeline"),
    (put(("pipeline", "configs"), {}), "frequency: expected a rate in Hz, found none"),
    (put(("pipeline", "configs", "frequency"), 0.0), "frequency: expected a rate in Hz, found 0"),
    (put(("pipeline", "inputs", "policy"), ["other"]), "no model has an input 'policy/other'"),
    (put(("models", "policy", "inputs", 0, "name"), "x"), "has an input 'policy/observations'"),
    (put(("models", "policy", "inputs", 0, "units"), 7), "units: expected one, or a list of them"),
    (put(("models", "policy", "inputs", 0, "shape"), [1, 3]), "element_names: expected .* 3 of"),
    (put(("pipeline", "initial_values"), "/etc/passwd"), "expected a file beside the bundle's")])
def test_a_description_that_is_not_understood_is_refused(plain, edit, said):
    with pytest.raises(InputError, match=said):
        imported_bundle(Source("leapp", plain(edit)))


@pytest.mark.parametrize("text", ["", "- 1", "{", "models: 7", "!!python/object:os.system {}"])
def test_what_is_no_description_is_refused(tmp_path, text):
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(InputError, match="not a LEAPP bundle|not YAML"):
        imported_bundle(Source("leapp", tmp_path))


def test_it_brings_its_own_interface(plain, tmp_path):
    with pytest.raises(InputError, match="--interface is not for leapp"):
        imported_bundle(Source("leapp", plain(), tmp_path / "robot.json"))
    (plain() / "more.yaml").write_text("")
    with pytest.raises(InputError, match="with one .yaml file, found more.yaml, p"):
        imported_bundle(Source("leapp", plain()))
