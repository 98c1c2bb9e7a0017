"""Functions in Python files: what they compute, and that they run only where that is allowed."""

import pytest
import torch

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.errors import InputError
from dnne_ros.exporting.own_sources import Sources
from dnne_ros.graph.building import build_graph
from dnne_ros.node_api.port_types import Action, GradientTensor
from dnne_ros.nodes.custom.custom_computation import CustomComputation, read_config
from dnne_ros.plugins import trusted_code
from dnne_ros.testing import compute
from dnne_ros.workflow.reading import parse_workflow

CATALOGUE = Catalogue(BUILT_IN)


@pytest.fixture(autouse=True)
def trust(monkeypatch):
    """Have nothing trusted before and after a test."""
    monkeypatch.setattr(trusted_code, "_files", set())
    monkeypatch.setattr(trusted_code, "_folders", [])


@pytest.fixture
def file(tmp_path):
    """Write a file, and let graphs run it."""
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        trusted_code.trust_file(path)
        return str(path)
    return write


def report(values, source="SimulatorEnv", slot=1):
    workflow, problems = parse_workflow(
        {"1": {"class_type": source, "inputs": {}},
         "2": {"class_type": "CustomComputation", "_meta": {"title": "Mine"},
               "inputs": {"input": ["1", slot], **values}}}, "g", "g.json", CATALOGUE.signature)
    with pytest.raises(InputError) as caught:
        build_graph(workflow, CATALOGUE, problems)
    assert caught.value.exit_code == 2
    return [str(problem) for problem in caught.value.problems]


def test_a_function_is_applied_to_each_tensor(file):
    node = CustomComputation({"src_path": file("def compute(input):\n    return 2 * input + 1")})
    assert compute(node, input=torch.tensor([1.0, -2.0]))["output"].tolist() == [3.0, -3.0]


def test_a_second_parameter_is_given_what_comes_beside(file):
    node = CustomComputation({"src_path": file(
        "def compute(input, extra_args=None):\n"
        "    return input if extra_args is None else input - extra_args")})
    one, two = torch.tensor([1.0]), torch.tensor([0.25])
    assert compute(node, input=one, extra_args=two)["output"].item() == 0.75
    assert compute(node, input=one)["output"].item() == 1.0


def test_none_is_not_sent_on(file):
    node = CustomComputation({"src_path": file(
        "def compute(input):\n    return input if input.mean() > 0 else None")})
    assert compute(node, input=torch.tensor([-1.0])) == {}
    assert compute(node, input=torch.tensor([1.0]))["output"].item() == 1.0


def test_each_node_has_a_file_and_its_configuration_to_itself(file):
    path = file("def set_config_info(config):\n    global scale\n    scale = config['scale']\n"
                "def compute(input):\n    return scale * input")
    double, half = (CustomComputation({"src_path": path, "config": config})
                    for config in ('{"scale": 2.0, "on": true}', "{'scale': 0.5, 'on': True}"))
    one = torch.ones(1)
    assert compute(double, input=one)["output"].item() == 2.0
    assert compute(half, input=one)["output"].item() == 0.5
    assert compute(double, input=one)["output"].item() == 2.0


def test_a_gradient_goes_through(file):
    node = CustomComputation({"src_path": file("def compute(input):\n    return input.square()")})
    weight = torch.tensor(3.0, requires_grad=True)
    compute(node, input=weight)["output"].backward()
    assert weight.grad.item() == 6.0
    kind = CustomComputation.outputs["output"].type
    assert isinstance(kind.passed_on([GradientTensor("float32")]), GradientTensor)
    assert kind.passed_on([Action()]).axes == () and kind.passed_on([Action()]).dtype is None


def test_what_is_no_tensor_is_refused(file):
    node = CustomComputation({"src_path": file("def compute(input):\n    return 1.0")})
    with pytest.raises(TypeError, match="expected compute.. to return a tensor or None, found fl"):
        compute(node, input=torch.ones(1))


def test_a_file_that_nobody_allowed_is_never_run(tmp_path):
    proof = tmp_path / "proof"
    path = tmp_path / "code" / "mine.py"
    path.parent.mkdir()
    path.write_text(f"open({str(proof)!r}, 'w')\ndef compute(input):\n    return input")
    line, = report({"src_path": str(path)})
    assert line == (f"node 2 'Mine' (CustomComputation): widget 'src_path': {path} is code that "
                    "the graph brings along, which runs only if you say so: type --nodes "
                    f"{path}, or --trust {path.parent} for all files of that folder")
    with pytest.raises(InputError, match="type --nodes"):
        compute(CustomComputation({"src_path": str(path)}), input=torch.ones(1))
    assert not proof.exists()
    trusted_code.trust_folder(path.parent)
    outputs = compute(CustomComputation({"src_path": str(path)}), input=torch.ones(1))
    assert outputs["output"].item() == 1.0 and proof.exists()


def test_a_link_is_what_it_leads_to(tmp_path):
    (tmp_path / "trusted").mkdir()
    (tmp_path / "mine.py").write_text("def compute(input):\n    return input")
    (tmp_path / "trusted" / "link.py").symlink_to(tmp_path / "mine.py")
    trusted_code.trust_folder(tmp_path / "trusted")
    for name in ("trusted/link.py", "trusted/../mine.py"):
        with pytest.raises(ValueError, match="which runs only if you say so"):
            trusted_code.trusted_file(str(tmp_path / name))


def test_a_name_is_enough_for_a_trusted_file(file, tmp_path):
    path = file("def compute(input):\n    return input", "code/mine.py")
    assert trusted_code.trusted_file("mine.py") == trusted_code.trusted_file("code/mine.py")
    assert str(trusted_code.trusted_file("mine.py")) == path
    with pytest.raises(ValueError, match="no such file as 'ine.py'; .*--nodes FOLDER/ine.py"):
        trusted_code.trusted_file("ine.py")
    with pytest.raises(ValueError, match="no such file as 'other/mine.py'"):
        trusted_code.trusted_file("other/mine.py")
    with pytest.raises(InputError, match="--trust: expected a folder"):
        trusted_code.trust_folder(tmp_path / "none")


@pytest.mark.parametrize("text, expected", [
    ("x = 1", "expected a function compute(input), found none"),
    ("def compute():\n    pass", "expected compute(input) or compute(input, extra_args=None)"),
    ("import no_such_module", "cannot be imported: ModuleNotFoundError"),
    ("def compute(input):\n    return", None)])
def test_the_function_is_looked_for_at_check(file, text, expected):
    path = file(text, f"f{abs(hash(text))}.py")
    lines = CustomComputation.validate_parameters({"src_path": path, "config": "{}"})
    assert (expected is None and lines == []) or expected in lines[0]


def test_a_graph_must_say_which_file():
    line, = report({})
    assert "widget 'src_path': nothing is given, and it has no default" in line
    assert any("widget 'config': expected a dictionary" in line
               for line in report({"config": "[1]", "src_path": ""}))


@pytest.mark.parametrize("text, found", [
    ("", {}), ("{}", {}), ('{"a": true, "b": null}', {"a": True, "b": None}),
    ("{'a': (1, 2.5), 'b': {'c': -1}}", {"a": (1, 2.5), "b": {"c": -1}})])
def test_configurations(text, found):
    assert read_config(text) == found


@pytest.mark.parametrize("text", ["1", "{", "__import__('os')", "{'a': open('x')}", "{a: 1}"])
def test_a_configuration_holds_constants_alone(text):
    with pytest.raises(ValueError, match="expected a dictionary such as"):
        read_config(text)


def test_no_package_is_made_of_a_graph_with_one(file):
    workflow, problems = parse_workflow(
        {"1": {"class_type": "SimulatorEnv", "inputs": {}},
         "2": {"class_type": "CustomComputation", "inputs": {
             "input": ["1", 1], "src_path": file("def compute(input):\n    return input")}}},
        "g", "g.json", CATALOGUE.signature)
    with pytest.raises(InputError, match="node 2 .CustomComputation.: cannot be exported: the fi"):
        Sources(build_graph(workflow, CATALOGUE, problems), "package", standalone=False)
