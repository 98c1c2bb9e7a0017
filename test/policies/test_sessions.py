"""Which runtime a policy gets, and what is said where the wanted one is missing."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from dnne_ros.errors import InputError
from dnne_ros.policies import sessions
from dnne_ros.policies.bundle import GOLDEN, INTERFACE, MODEL
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.golden import TOLERANCE, deviation, read_golden, replay
from dnne_ros.policies.interface import ActionTerm, read_interface
from dnne_ros.policies.network import Layer, PolicyNetwork
from dnne_ros.policies.onnx_file import bare_model
from dnne_ros.policies.runtimes import policy_of
from dnne_ros.policies.sessions import PROVIDERS, engine_folder, open_session

SUM = bare_model(
    PolicyNetwork((Layer(np.ones((1, 2), np.float32), np.zeros(1, np.float32)),), "relu"),
    ActionTerm("", ("push",), ("N",))).SerializeToString()


class StandIn:
    """onnxruntime with ``available`` compiled in, on a machine where ``loads`` find a driver."""

    def __init__(self, available, loads):
        self.opened = []

        def open_model(model, settings, providers):
            names = [name for name, _ in providers]
            self.opened.append(dict(providers))
            found = [PROVIDERS[name] for name in loads if PROVIDERS[name] in names]
            return SimpleNamespace(get_providers=lambda: found)

        self.get_available_providers = lambda: [PROVIDERS[name] for name in available]
        self.InferenceSession = open_model
        self.SessionOptions = lambda: SimpleNamespace(add_session_config_entry=lambda *_: None)
        self.RunOptions = SimpleNamespace


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Pretend to be another machine; returns its onnxruntime."""
    def pretend(available, loads, gpu="NVIDIA H200"):
        stand_in = StandIn(available, loads)
        monkeypatch.setitem(sys.modules, "onnxruntime", stand_in)
        card = tmp_path / "gpus" / "0000:01:00.0"
        card.mkdir(parents=True, exist_ok=True)
        (card / "information").write_text(f"Model: \t\t {gpu}\nIRQ:   1\n")
        monkeypatch.setattr(sessions, "_GPUS", tmp_path / "gpus")
        return stand_in
    return pretend


def test_a_session_does_not_burn_the_cpu_while_it_waits(monkeypatch):
    import onnxruntime

    seen = {}
    original = onnxruntime.InferenceSession

    def spy(model, options, providers):
        seen["threads"] = options.intra_op_num_threads
        seen["spins"] = options.get_session_config_entry("session.intra_op.allow_spinning")
        return original(model, options, providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", spy)
    session, runtime = open_session(SUM)
    assert (seen, runtime) == ({"threads": 1, "spins": "0"}, "cpu")
    (actions,) = session.run(None, {"observations": np.ones((3, 2), np.float32)})
    assert actions.tolist() == [[2.0]] * 3


def test_a_runtime_that_is_missing_is_named_and_the_next_is_taken(machine):
    said = []
    machine(["cpu"], ["cpu"])
    assert open_session(SUM, "tensorrt", warn=said.append)[1] == "cpu"
    assert [line.partition(":")[0] for line in said] == ["runtime=tensorrt", "runtime=cuda"]
    assert said[0].endswith("TensorrtExecutionProvider is not in the onnxruntime that is "
                            "installed: cuda is next")


def test_one_that_is_installed_and_does_not_load_is_no_better(machine):
    said = []
    machine(["tensorrt", "cuda", "cpu"], ["cuda", "cpu"])
    assert open_session(SUM, "tensorrt", warn=said.append)[1] == "cuda"
    assert len(said) == 1 and "TensorrtExecutionProvider does not load on this machine" in said[0]


@pytest.mark.parametrize("available, loads", [(["cpu"], ["cpu"]), (["cuda", "cpu"], ["cpu"])])
def test_if_it_must_be_that_one_nothing_runs(machine, available, loads):
    machine(available, loads)
    with pytest.raises(InputError, match="runtime: expected cuda: CUDAExecutionProvider"):
        open_session(SUM, "cuda", strict=True)


def test_engines_are_kept_by_model_and_device(machine, tmp_path):
    engines = tmp_path / "policy.engines"
    opened = machine(["tensorrt", "cuda", "cpu"], ["tensorrt"]).opened
    assert open_session(SUM, "tensorrt", engines=engines)[1] == "tensorrt"
    options = opened[0]["TensorrtExecutionProvider"]
    folder = engine_folder(engines, SUM)
    assert options["trt_engine_cache_enable"] and options["trt_engine_cache_path"] == str(folder)
    assert folder.parent == engines and folder.is_dir()
    assert list(opened[0]) == [PROVIDERS[name] for name in ("tensorrt", "cuda", "cpu")]
    assert opened[0]["CUDAExecutionProvider"] == {"use_tf32": 0}  # 10 bits are no float32
    assert engine_folder(engines, SUM + b" ") != folder
    machine(["tensorrt"], ["tensorrt"], gpu="NVIDIA Orin")
    assert engine_folder(engines, SUM) != folder


def test_without_a_place_for_engines_one_line_says_so(machine, tmp_path):
    (tmp_path / "policy.engines").write_text("a file")
    said = []
    opened = machine(["tensorrt", "cpu"], ["tensorrt"]).opened
    open_session(SUM, "tensorrt", engines=tmp_path / "policy.engines", warn=said.append)
    assert opened[0]["TensorrtExecutionProvider"] == {}
    assert len(said) == 1 and said[0].endswith("TensorRT compiles the model at each start")


def test_a_model_that_is_none_is_an_error_in_one_line():
    with pytest.raises(InputError, match="onnxruntime cannot load it") as refused:
        open_session(b"no model")
    assert len(str(refused.value).splitlines()) == 1


def test_without_onnxruntime_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"not installed: pip install 'dnne_ros\[policy\]'"):
        open_session(SUM)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_bundle_is_compared_on_each_device_that_is_there(repository, monkeypatch):
    """What onnxruntime could do with another driver is named, and is no fault of the bundle."""
    import onnxruntime

    available = [PROVIDERS["cuda"], PROVIDERS["cpu"]]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    checked = check_bundle(repository / "docs/examples/cartpole_policy")
    assert list(checked.deviations) == ["onnxruntime", "onnx.reference"]
    assert list(checked.missing) == ["onnxruntime, cuda"]
    assert "CUDAExecutionProvider does not load on this machine" in \
        checked.missing["onnxruntime, cuda"]


@pytest.mark.gpu
@pytest.mark.parametrize("runtime", ["cuda", "tensorrt"])
def test_golden_vectors_on_a_gpu(runtime, repository, tmp_path):
    """And TensorRT compiles a model once: the second session finds what the first has made."""
    onnxruntime = pytest.importorskip("onnxruntime")
    if PROVIDERS[runtime] not in onnxruntime.get_available_providers():
        pytest.skip(f"onnxruntime has no {PROVIDERS[runtime]}: pip install onnxruntime-gpu")
    files = check_bundle(repository / "docs/examples/cartpole_policy").files
    observations, actions = read_golden(files[GOLDEN])
    interface = read_interface(tmp_path / INTERFACE, files[INTERFACE])
    made = []
    for _ in range(2):
        session, found = open_session(files[MODEL], runtime, strict=True, engines=tmp_path)
        assert found == runtime
        assert deviation(replay(policy_of(session), observations), actions, interface) <= TOLERANCE
        made.append({path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.engine")})
    assert made[0] == made[1] and bool(made[0]) == (runtime == "tensorrt")
