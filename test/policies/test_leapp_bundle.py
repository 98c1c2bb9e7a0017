"""Bundles in LEAPP's format, written by hand: what is read of them, run, and refused."""

import copy
import sys

import numpy as np
import pytest
from handmade_bundles import (
    FILTER,
    HEAD,
    TWO_MODELS,
    model,
    tensors,
    write,
    write_two_models,
)
from hypothesis import given, settings, strategies as st
from safetensors.numpy import save

from dnne_ros.errors import InputError
from dnne_ros.policies.leapp_bundle import read_leapp_bundle
from dnne_ros.policies.leapp_pipeline import LeappPipeline


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a bundle."""
    write_two_models(tmp_path)
    return tmp_path


def row(*numbers):
    return np.array([numbers], np.float32)


def test_models_run_in_the_order_of_the_flow(folder):
    bundle = read_leapp_bundle(folder)
    assert list(bundle.models) == ["filter", "head"]
    assert (bundle.rate_hz, list(bundle.inputs), list(bundle.outputs)) == (
        50.0, ["head/asked", "filter/seen"], ["head/action"])
    assert bundle.outputs["head/action"].elements == ("hip", "knee")
    assert [path.name for path in bundle.files] == [
        "robot.yaml", "filter.onnx", "head.onnx", "first.safetensors"]


def test_what_is_fed_back_comes_in_the_next_step(folder):
    pipeline = LeappPipeline(read_leapp_bundle(folder / "robot.yaml"))
    asked = {"head/asked": row(1.0, 1.0)}
    first = pipeline.step({**asked, "filter/seen": row(1.0, 1.0)})
    assert list(first) == ["head/action"]
    assert first["head/action"].tolist() == [[2.0, 4.0]]  # 2 · (1 + 1 − 1), 2 · (1 + 2 − 1)
    assert pipeline.buffers["filter/kept"].tolist() == [[2.0, 3.0]]
    second = pipeline.step({**asked, "filter/seen": row(1.0, 1.0)})
    assert second["head/action"].tolist() == [[4.0, 6.0]]
    kept = pipeline.buffers
    pipeline.reset()
    assert kept["filter/kept"].tolist() == [[3.0, 4.0]]
    assert pipeline.step({**asked, "filter/seen": row(1.0, 1.0)})["head/action"].tolist() == \
        [[2.0, 4.0]]


def test_without_initial_values_it_begins_with_zeros(folder):
    document = copy.deepcopy(TWO_MODELS)
    del document["pipeline"]["initial_values"]
    pipeline = LeappPipeline(read_leapp_bundle(write(folder, document)))
    assert pipeline.buffers["filter/kept"].tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("inputs, said", [
    ({"filter/seen": row(0.0, 0.0)}, "expected the inputs head/asked, filter/seen, found "
     "filter/seen"),
    ({"filter/seen": row(0.0, 0.0), "head/asked": row(0.0, 0.0), "head/other": row(0.0, 0.0)},
     "found filter/seen, head/asked, head/other"),
    ({"filter/seen": row(0.0), "head/asked": row(0.0, 0.0)},
     r"filter/seen: expected float32 \[1, 2\], found float32 \[1, 1\]"),
    ({"filter/seen": np.zeros((1, 2)), "head/asked": row(0.0, 0.0)}, "found float64")])
def test_other_inputs_are_refused(folder, inputs, said):
    pipeline = LeappPipeline(read_leapp_bundle(folder))
    with pytest.raises(ValueError, match=said):
        pipeline.step(inputs)
    assert pipeline.buffers["filter/kept"].tolist() == [[1.0, 2.0]]


def test_a_state_that_is_not_finite_is_not_taken_up(folder):
    pipeline = LeappPipeline(read_leapp_bundle(folder))
    with pytest.raises(FloatingPointError, match="filter/kept, head/action"):
        pipeline.step({"filter/seen": row(np.inf, 0.0), "head/asked": row(0.0, 0.0)})
    assert pipeline.buffers["filter/kept"].tolist() == [[1.0, 2.0]]


def changed(place, value):
    """Return the document with one value changed, or taken out (None)."""
    document = copy.deepcopy(TWO_MODELS)
    *way, last = place
    at = document
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return document


HEAD_INPUTS = ("models", "head", "inputs")
PARAMETERS = ("models", "head", "parameters")


@pytest.mark.parametrize("place, value, said", [
    (("system information", "leapp config version"), "1.2", "expected leapp config version 1.3, "
     "found '1.2'"),
    (("system information",), None, "not a LEAPP bundle"),
    ((*PARAMETERS, "sha256sum"), "0" * 64, "head.onnx is not the file that was exported"),
    ((*PARAMETERS, "backend"), "jit", "backend: expected onnx, found 'jit'"),
    ((*PARAMETERS, "model_path"), "none.onnx", "there is no file"),
    ((*PARAMETERS, "model_path"), "../head.onnx", "expected a file beside the bundle's"),
    ((*PARAMETERS, "model_path"), "/etc/passwd", "expected a file beside the bundle's"),
    ((*HEAD_INPUTS, 0, "dtype"), "bfloat16", "models.head.inputs[0] smooth: dtype: expected one "
     "of float32"),
    ((*HEAD_INPUTS, 0, "shape"), [1, "n"], "shape: expected a list of lengths"),
    ((*HEAD_INPUTS, 1, "name"), "smooth", "two tensors have the name 'smooth'"),
    ((*HEAD_INPUTS, 1, "element_names"), [["hip"]], "element_names: expected [[names]], 2"),
    ((*HEAD_INPUTS, 1, "element_names"), [["hip", "hip"]], "each once"),
    (("pipeline", "inputs", "head"), ["wanted"], "no model has an input 'head/wanted'"),
    (("pipeline", "inputs", "head"), [], "expected one source for the input head/asked, found "
     "none"),
    (("pipeline", "inputs", "head"), ["asked", "smooth"], "expected one source for the input "
     "head/smooth, found 2"),
    (("pipeline", "outputs", "head"), ["none"], "no model has an output 'head/none'"),
    (("pipeline", "feedback_flow"), {"filter/smooth": ["filter/kept"], "head/error": [
        "filter/kept"]}, "filter/kept is fed twice"),
    (("pipeline", "data_flow"), {"filter/smooth": ["head/smooth"], "head/error": ["filter/seen"]},
     "a loop of models"),
    (("pipeline", "configs", "frequency"), -1, "expected a rate in Hz, found -1"),
    ((*HEAD_INPUTS, 0, "shape"), [1, 2**30, 2**30], "shape: expected at most 67108864 numbers"),
    (("pipeline", "initial_values"), "none.safetensors", "there is no file")])
def test_what_is_wrong_is_named(folder, place, value, said):
    with pytest.raises(InputError) as caught:
        read_leapp_bundle(write(folder, changed(place, value)))
    assert any(said in str(problem) for problem in caught.value.problems), str(caught.value)


def test_all_of_it_is_named_at_once(folder):
    document = changed((*HEAD_INPUTS, 0, "dtype"), "text")
    document["models"]["filter"]["parameters"]["sha256sum"] = ""
    document["pipeline"]["outputs"] = {}
    with pytest.raises(InputError) as caught:
        read_leapp_bundle(write(folder, document))
    assert len(caught.value.problems) >= 2
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content, said", [
    (b"models: [", "not YAML"), (b"\xff\xfe", "not YAML"), (b"- 1", "not a LEAPP bundle"),
    (b"!!python/object/apply:os.getcwd []", "not YAML")])
def test_what_is_no_bundle_is_refused(folder, content, said):
    (folder / "robot.yaml").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_leapp_bundle(folder)


def test_a_folder_must_have_one(folder):
    (folder / "second.yaml").write_text("")
    with pytest.raises(InputError, match="one .yaml file, found robot.yaml, second.yaml"):
        read_leapp_bundle(folder)
    with pytest.raises(InputError, match="cannot read: No such file"):
        read_leapp_bundle(folder / "third.yaml")


def test_models_that_are_others_do_not_load(folder):
    document = changed((*HEAD_INPUTS, 1, "name"), "wanted")
    document["pipeline"]["inputs"]["head"] = ["wanted"]
    document["models"]["filter"] = model("first.safetensors", (
        folder / "first.safetensors").read_bytes(), tensors("seen", "kept"), tensors("smooth"))
    with pytest.raises(InputError) as caught:
        LeappPipeline(read_leapp_bundle(write(folder, document)))
    said = str(caught.value)
    assert "head.onnx: expected the inputs smooth, wanted, found asked, smooth" in said
    assert "first.safetensors: onnxruntime cannot load it" in said


@pytest.mark.parametrize("key, value, said", [
    ("shape", [1, 3], r"head.onnx: asked: expected float32 \[1, 3\], found float32 \[1, 2\]"),
    ("shape", [2], r"expected float32 \[2\], found float32 \[1, 2\]"),
    ("dtype", "float64", r"expected float64 \[1, 2\], found float32 \[1, 2\]")])
def test_models_of_other_shapes_do_not_load(folder, key, value, said):
    document = changed((*HEAD_INPUTS, 1, key), value)
    with pytest.raises(InputError, match=said):
        LeappPipeline(read_leapp_bundle(write(folder, document)))


def test_without_onnxruntime_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"pip install 'dnne_ros\[policy\]'"):
        LeappPipeline(read_leapp_bundle(folder))


@pytest.mark.parametrize("values, said", [
    ({"filter/kept": np.zeros((1, 3), np.float32)}, r"expected float32 \[1, 2\], found float32"),
    ({"filter/seen": np.zeros((1, 2), np.float32)}, "no input of the feedback flow")])
def test_initial_values_that_fit_nothing_are_refused(folder, values, said):
    (folder / "first.safetensors").write_bytes(save(values))
    with pytest.raises(InputError, match=said):
        LeappPipeline(read_leapp_bundle(folder))
    (folder / "first.safetensors").write_bytes(b"{}")
    with pytest.raises(InputError, match="no initial values"):
        LeappPipeline(read_leapp_bundle(folder))


def places(value, way=()):
    """Yield the way to every value in a document."""
    parts = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, part in parts:
        yield (*way, key)
        yield from places(part, (*way, key))


@settings(max_examples=150)
@given(place=st.sampled_from(sorted(places(TWO_MODELS), key=str)), value=st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]),
    st.just({}), st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3)))
def test_any_change_is_read_or_refused(tmp_path_factory, place, value):
    folder = tmp_path_factory.mktemp("changed")
    (folder / "head.onnx").write_bytes(HEAD)
    (folder / "filter.onnx").write_bytes(FILTER)
    try:
        read_leapp_bundle(write(folder, changed(place, value)))
    except InputError as error:
        assert error.problems


def test_the_wanted_runtime_is_taken_or_the_next(folder):
    """No GPU is here: each that is missing is named once, and all models run on what is left."""
    bundle, said = read_leapp_bundle(folder), []
    pipeline = LeappPipeline(bundle, "tensorrt", warn=said.append)
    assert pipeline.runtime == "cpu"
    assert [line.partition(":")[0] for line in said] == ["runtime=tensorrt", "runtime=cuda"]
    with pytest.raises(InputError, match="expected cuda: "):
        LeappPipeline(bundle, "cuda", strict=True)
