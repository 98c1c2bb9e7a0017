"""`benchmarks/gpu.sh`, where there is no GPU."""

import os
import subprocess
import sys


def run_script(repository, path):
    return subprocess.run(
        [repository / "benchmarks" / "gpu.sh", sys.executable], capture_output=True, text=True,
        env={**os.environ, "PATH": path})


def test_a_machine_without_a_gpu_is_told_that_nothing_was_measured(repository, tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    done = run_script(repository, f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 3 and not done.stdout
    assert done.stderr == ("gpu.sh: no NVIDIA GPU is here (nvidia-smi -L): nothing was "
                           "measured\n")
