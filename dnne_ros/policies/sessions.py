"""Models in onnxruntime, on the device that is asked for or on the next that is there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dnne_ros.durable_files import make_folder
from dnne_ros.errors import InputError
from dnne_ros.policies.endless import with_an_end

PROVIDERS = {"tensorrt": "TensorrtExecutionProvider", "cuda": "CUDAExecutionProvider",
             "cpu": "CPUExecutionProvider"}
"""What onnxruntime calls each runtime; one that is missing gives way to the one behind it."""

_GPUS = Path("/proc/driver/nvidia/gpus")


def open_session(model: bytes, runtime: str = "cpu", *, strict: bool = False,
                 engines: Path | None = None, warn: Callable[[str], object] = lambda _: None
                 ) -> tuple[Any, str]:
    """Return an onnxruntime session of ``model``, and which of `PROVIDERS` it runs on.

    It has one thread, which sleeps while there is nothing to do: by default a session keeps
    threads spinning between actions, which costs most of a core.  A ``runtime`` that is missing
    is named to ``warn`` in one line, and the next is taken; if ``strict``, `InputError`.
    ``engines``: the folder in which TensorRT keeps what it has compiled, by model and device.
    Runs of a model with a loop are ended when they take too long: see `dnne_ros.policies.endless`.
    Raises `InputError` for a model that cannot be loaded, and without onnxruntime.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise InputError("runtime", ["policies are run by onnxruntime, which is not installed: "
                                     "pip install 'dnne_ros[policy]'"]) from None
    names = list(PROVIDERS)
    names = names[names.index(runtime):]
    for number, name in enumerate(names):
        try:
            session = _session(onnxruntime, model, names[number:], engines, warn)
            return with_an_end(session, model, onnxruntime.RunOptions), name
        except Exception as error:  # whatever a provider makes of a model, or of a driver
            said = " ".join(str(error).split())[:300]
        if name == names[-1]:
            raise InputError("model", [f"onnxruntime cannot load it: {said}"])
        if strict:
            raise InputError("runtime", [f"expected {name}: {said}"])
        warn(f"runtime={name}: {said}: {names[number + 1]} is next")
    raise AssertionError("the last runtime has loaded the model, or said why not")


def engine_folder(beside: Path, model: bytes) -> Path:
    """Return where engines of ``model`` for this machine's device lie, below ``beside``."""
    key = hashlib.sha256(model + _device().encode()).hexdigest()[:16]
    return beside / key


def _session(onnxruntime: Any, model: bytes, names: Sequence[str], engines: Path | None,
             warn: Callable[[str], object]) -> Any:
    """Return a session on the first of ``names``, the others behind it for what it cannot do.

    OSError if it is not there; else whatever onnxruntime raises.
    """
    available = onnxruntime.get_available_providers()
    first = PROVIDERS[names[0]]
    if first not in available:
        raise OSError(f"{first} is not in the onnxruntime that is installed")
    there = [name for name in names if PROVIDERS[name] in available]
    session = onnxruntime.InferenceSession(
        model, _settings(onnxruntime), list(_options(there, model, engines, warn)))
    if session.get_providers()[0] != first:
        raise OSError(f"{first} does not load on this machine")
    return session


def _settings(onnxruntime: Any) -> Any:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    for pool in ("intra", "inter"):
        settings.add_session_config_entry(f"session.{pool}_op.allow_spinning", "0")
    settings.log_severity_level = 4  # what goes wrong is raised, too
    return settings


def _options(names: Sequence[str], model: bytes, engines: Path | None,
             warn: Callable[[str], object]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the providers for ``names``, each with its options."""
    for name in names:
        options: dict[str, Any] = {}
        if name == "tensorrt" and engines is not None:
            folder = engine_folder(engines, model)
            try:
                make_folder(folder)
                options = {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(folder),
                           "trt_timing_cache_enable": True,
                           "trt_timing_cache_path": str(folder)}
            except OSError as error:
                warn(f"{folder}: {error.strerror}: TensorRT compiles the model at each start")
        if name == "cuda":
            options = {"use_tf32": 0}  # which has 10 bits where float32 has 23
        yield PROVIDERS[name], options


def _device() -> str:
    """Return what the driver says of this machine's GPUs."""
    found = []
    for file in sorted(_GPUS.glob("*/information")):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    return "\n".join(found)
