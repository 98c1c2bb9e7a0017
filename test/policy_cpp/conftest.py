"""Bundles of networks that a test makes, and programs of the packages made of them."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from dnne_ros.durable_files import write_tree
from dnne_ros.policies.bundle import DESCRIPTION, GOLDEN, INTERFACE, MODEL, write_bundle
from dnne_ros.policies.golden import golden_vectors
from dnne_ros.policies.interface import ActionTerm, Interface, ObservationTerm
from dnne_ros.policies.leapp import leapp_description
from dnne_ros.policies.network import Layer, PolicyNetwork
from dnne_ros.policies.onnx_file import onnx_model

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror")


@pytest.fixture
def bundle_of_network(tmp_path):
    """Write the bundle of a network with an interface; returns its folder."""
    def write(network, interface):
        data = onnx_model(network, interface).SerializeToString(deterministic=True)
        write_bundle(tmp_path / "bundle", {
            MODEL: data, DESCRIPTION: leapp_description(interface, data, MODEL).encode(),
            INTERFACE: json.dumps(interface.to_json()).encode(),
            GOLDEN: golden_vectors(lambda rows: network.act(rows, interface.actions), network)})
        return tmp_path / "bundle"
    return write


@pytest.fixture
def arm_bundle(bundle_of_network):
    """Write the bundle of a policy for an arm; returns its folder."""
    def write(joints=("shoulder", "elbow"), kind="target/joint/position", seen=("elbow", "wrist"),
              further=(), rate_hz=50.0, **changes):
        draws = np.random.default_rng(5)
        actions = ActionTerm(kind, joints, ("rad",) * 2, scale=(0.5, 2.0), offset=(0.0, 1.0),
                             clip=(-1.0, 1.0))
        interface = Interface("Reach", joints, rate_hz, (
            ObservationTerm("velocity", "state/joint/velocity", seen, ("rad/s",) * 2, **changes),
            ObservationTerm("position", "state/joint/position", joints, ("rad",) * 2),
            *further), actions, inside=("action_clip", "action_scale", "action_offset"))
        network = PolicyNetwork((Layer(
            draws.standard_normal((2, len(interface.columns)), np.float32),
            draws.standard_normal(2, np.float32)),), "relu")
        return bundle_of_network(network, interface)
    return write


@pytest.fixture(scope="session")
def compile_package():
    """Compile a program of a package from its sources, in a folder; returns the program."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not here")

    def build(folder, files, *sources, standard="c++17", optimised="-O0"):
        write_tree(folder, files)
        subprocess.run(
            ["g++", f"-std={standard}", optimised, *WARNINGS, "-I", "include", *sources, "-o",
             "program"], cwd=folder, check=True, capture_output=True, text=True)
        return folder / "program"
    return build


@pytest.fixture
def compiled(compile_package, tmp_path):
    """Compile a program of a package from its sources; returns what runs it."""
    def build(files, *sources, **options):
        folder = tmp_path / "package"
        program = compile_package(folder, files, *sources, **options)
        return lambda *words, said="": subprocess.run(
            [program, *words], cwd=folder, input=said, capture_output=True, text=True)
    return build
