"""How much of a core a larger policy takes at 100 Hz: prints it as JSON.

``python -m dnne_ros.bench.robot_peers.at_100_hz ours|default|cuda|tensorrt SECONDS``: in a session
as our nodes open it, on the CPU or on a device, or in one with onnxruntime's own options.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

import numpy as np
import onnxruntime

from dnne_ros.bench.edge_peers.rally import cpu_seconds
from dnne_ros.policies.interface import ActionTerm
from dnne_ros.policies.network import Layer, PolicyNetwork
from dnne_ros.policies.onnx_file import bare_model
from dnne_ros.policies.sessions import open_session

SIZES = (48, 512, 256, 128, 12)
"""Of the layers: what a walking robot with four legs has."""
PERIOD = 0.01


def main(kind: str, seconds: float) -> None:
    """Act on a new observation each period."""
    draws = np.random.default_rng(0)
    layers = tuple(
        Layer(draws.normal(0, inputs ** -0.5, (outputs, inputs)).astype(np.float32),
              np.zeros(outputs, np.float32)) for inputs, outputs in pairwise(SIZES))
    model = bare_model(PolicyNetwork(layers, "elu"), ActionTerm("", (), ())).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]) \
        if kind == "default" else open_session(model, "cpu" if kind == "ours" else kind,
                                               strict=True)[0]
    observations = draws.standard_normal((1, SIZES[0]), np.float32)
    session.run(None, {"observations": observations})
    times, cpu, due = [], cpu_seconds(), time.monotonic()
    started = due
    while due < started + seconds:
        before = time.perf_counter()
        session.run(None, {"observations": observations})
        times.append(time.perf_counter() - before)
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))
    share = (cpu_seconds() - cpu) / (time.monotonic() - started)
    print(json.dumps({"core_share": share, "p50_us": float(np.percentile(times, 50)) * 1e6,
                      "p99_us": float(np.percentile(times, 99)) * 1e6,
                      "actions_s": len(times) / (time.monotonic() - started)}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
