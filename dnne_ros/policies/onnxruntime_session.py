"""Sessions of onnxruntime for robots."""

from __future__ import annotations

from typing import Any

from dnne_ros.errors import InputError


def onnxruntime_session(model: bytes) -> Any:
    """Return a session of onnxruntime on one thread, which sleeps while there is nothing to do.

    By default it keeps threads spinning between actions, which costs most of a core.
    `InputError` if onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError("onnxruntime", [
            f"is needed to run a policy ({error}): pip install 'dnne_ros[policy]'"]) from None

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
