"""A policy in C++, compiled and compared with torch."""

import json
import shutil
import subprocess

import numpy as np
import onnx
import pytest
from trained_policies import CONTRACT, VARIANTS, policy_of, write_checkpoint

from dnne_ros.durable_files import write_tree
from dnne_ros.policies.bundle import (
    DESCRIPTION,
    GOLDEN,
    INTERFACE,
    METADATA,
    MODEL,
    write_bundle,
)
from dnne_ros.policies.interface import ActionTerm, Interface, ObservationTerm
from dnne_ros.policies.leapp import leapp_description
from dnne_ros.policies.network import Layer, PolicyNetwork
from dnne_ros.policies.onnx_file import network_in, onnx_model
from dnne_ros.policy_cpp import package as package_module
from dnne_ros.policy_cpp.package import cpp_package
from dnne_ros.policy_export.exporting import bundle_of

SOURCES = ("test/test_golden.cpp", "test/allocations.cpp")


@pytest.fixture
def bundle(tmp_path):
    """Write the bundle of a policy; returns its folder."""
    def write(variant="normalizer", contract=CONTRACT):
        folder = write_checkpoint(tmp_path / "checkpoint", {"3": policy_of(variant)}, contract)
        write_bundle(tmp_path / "bundle", bundle_of(folder))
        return tmp_path / "bundle"
    return write


@pytest.fixture
def tested(compiled):
    """Compile a package's test of its golden vectors, and run it."""
    def run(files, standard="c++17"):
        program = compiled(files, *SOURCES, standard=standard, optimised="-O1")
        return program("test/golden.txt")
    return run


@pytest.mark.parametrize("variant", VARIANTS)
def test_commands_are_those_of_torch_and_take_no_memory(bundle, tested, variant):
    done = tested(cpp_package(bundle(variant), "my_policy").files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("256 vectors, ") and ", 0 allocations" in done.stdout


@pytest.mark.parametrize("standard", ["c++11", "c++14", "c++20"])
def test_every_standard_takes_it(bundle, tested, standard):
    assert tested(cpp_package(bundle(), "my_policy").files, standard).returncode == 0


def test_a_policy_that_acts_otherwise_is_found(bundle, tested):
    files = cpp_package(bundle(), "my_policy").files
    lines = files["test/golden.txt"].decode().splitlines()
    numbers = lines[7].split()
    lines[7] = " ".join([*numbers[:-1], f"{float(numbers[-1]) + 1e-4:.9g}"])
    done = tested({**files, "test/golden.txt": "\n".join(lines).encode()})
    assert done.returncode == 1 and "5e-05 of the action's scale" in done.stdout


def test_it_builds_as_a_package_without_ros(repository, tmp_path):
    """Its tests are of the policy, and of what a robot may do to it."""
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not here")
    files = cpp_package(repository / "docs/examples/cartpole_policy", "my_policy").files
    write_tree(tmp_path / "package", files)
    for words in (["cmake", "-B", "build"], ["cmake", "--build", "build"],
                  ["ctest", "--test-dir", "build", "--output-on-failure"],
                  ["cmake", "--install", "build", "--prefix", "installed"]):
        done = subprocess.run(words, cwd=tmp_path / "package", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert words[0] != "ctest" or "out of 2" in done.stdout
    assert (tmp_path / "package/installed/include/my_policy/policy.hpp").is_file()


HOSTILE = 'x"; } // */ ??/\n#include "/etc/passwd"\n\\ \u00b5\u2028{{ 7 * 7 }}'


def test_nothing_in_a_bundle_becomes_code(bundle, compiled):
    contract = CONTRACT | {
        "task": HOSTILE, "observation_units": [HOSTILE] * 5, "action_units": [HOSTILE] * 2,
        "observations": [*CONTRACT["observations"][:-1], HOSTILE]}
    files = cpp_package(bundle(contract=contract), "my_policy").files
    files["show.cpp"] = b"""
#include <cstdio>
#include "my_policy/policy.hpp"
int main() {
  std::printf("%s|%s|%s|%s", my_policy::Policy::task(), my_policy::Policy::observation(4).name,
    my_policy::Policy::observation(0).unit, my_policy::Policy::action(1).unit);
}
"""
    assert compiled(files, "show.cpp")().stdout == "|".join([HOSTILE] * 4)


@pytest.mark.parametrize("variant, problem", [
    ("picture", "it sees a picture"), ("gru", "it is recurrent (gru)")])
def test_why_there_is_no_header_is_said(bundle, variant, problem):
    package = cpp_package(bundle(variant), "my_policy")
    assert package.header_problem == problem and MODEL in package.files


def test_a_network_that_is_too_large_for_a_header_runs_in_onnxruntime(bundle, monkeypatch):
    monkeypatch.setattr(package_module, "MOST_PARAMETERS", 100)
    folder = bundle()
    package = cpp_package(folder, "my_policy")
    assert package.header_problem == "it has 250 parameters, more than 100"
    assert package.files["policy.onnx"] == (folder / MODEL).read_bytes()
    assert b"<depend>onnxruntime_vendor</depend>" in package.files["package.xml"]
    assert b"Ort::Session" in package.files["include/my_policy/policy.hpp"]
    assert "test/allocations.cpp" not in package.files  # a runtime takes memory


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_network_is_found_again_in_its_file(tmp_path, variant):
    policy = policy_of(variant)
    files = bundle_of(write_checkpoint(tmp_path / "checkpoint", {"3": policy}))
    interface = Interface.from_json(json.loads(files[INTERFACE]))
    network = network_in(files[MODEL], interface)
    assert onnx_model(network, interface).SerializeToString(deterministic=True) == files[MODEL]


def test_another_network_is_refused(bundle, tmp_path):
    folder = bundle()
    interface = Interface.from_json(json.loads((folder / INTERFACE).read_text()))
    model = onnx.load(folder / MODEL)
    extra = onnx.helper.make_node("Identity", ["actions"], ["same"])
    model.graph.node.append(extra)
    model.graph.output[0].name = "same"
    with pytest.raises(ValueError, match="not a network that dnne_ros writes"):
        network_in(model.SerializeToString(), interface)
    del model.graph.initializer[:]
    with pytest.raises(ValueError, match=r"not a network that dnne_ros writes: .* is missing"):
        network_in(model.SerializeToString(), interface)


def test_gains_and_offsets_of_another_kind_are_taken(bundle, tested, tmp_path):
    """A bundle whose interface has an offset, as no checkpoint of today says."""
    folder = bundle()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    document = json.loads(files[INTERFACE])
    document["actions"] |= {"offset": [0.5, -0.25], "kp": {"shoulder": 40.0}}
    interface = Interface.from_json(document)
    network = network_in(files[MODEL], Interface.from_json(json.loads(files[INTERFACE])))
    model = onnx_model(network, interface)
    (entry,) = model.metadata_props
    assert entry.key == METADATA
    data = model.SerializeToString(deterministic=True)
    observations = np.load(folder / "golden.npz")["observations"]
    np.savez(tmp_path / "golden.npz", observations=observations,
             actions=network.act(observations, interface.actions))
    write_bundle(tmp_path / "other", {
        MODEL: data, DESCRIPTION: leapp_description(interface, data, MODEL).encode(),
        INTERFACE: json.dumps(document).encode(),
        "golden.npz": (tmp_path / "golden.npz").read_bytes()})
    done = tested(cpp_package(tmp_path / "other", "my_policy").files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_other_programs_do_is_done(bundle_of_network, tested):
    """Normalised in double precision and clipped, squashed, spread, and kept within limits."""
    draws = np.random.default_rng(5)
    actions = ActionTerm("command/joint/effort", ("a", "b"), ("N·m", "N·m"), scale=(2.0, 3.0),
                         offset=(0.5, -1.0), limits=((-1.0, 1.5), (-2.0, 1.0)))
    interface = Interface("Reacher", ("a", "b"), 50.0, (
        ObservationTerm("sensed", "", ("x", "y"), ("m", "m"), history=2, history_order="term"),),
        actions)
    network = PolicyNetwork(tuple(
        Layer(draws.standard_normal((outputs, inputs), np.float32),
              draws.standard_normal(outputs, np.float32))
        for inputs, outputs in ((4, 16), (16, 2))), "relu", draws.standard_normal(4),
        0.5 + draws.random(4), observation_clip=1.5, squash=True)
    folder = bundle_of_network(network, interface)
    files = cpp_package(folder, "my_policy").files
    done = tested(files)
    assert done.returncode == 0, done.stdout + done.stderr
    golden, _ = np.load(folder / GOLDEN).values()
    assert (np.abs((golden - network.mean) / network.deviation) > 1.5).any()
    assert b'{"x", "", "m"},\n      {"x", "", "m"},\n      {"y"' in \
        files["include/my_policy/policy.hpp"]
