"""Waiting for what hangs ends, whatever it does meanwhile."""

import itertools
import subprocess
import sys
import time

import pytest
from patience import Patience

LONG = 3600.0


@pytest.mark.parametrize("does, limits, moves, reason", [
    ("time.sleep(3600)", {"idle_seconds": 1.0}, False, "nothing has moved"),
    ("time.sleep(3600)", {"idle_seconds": LONG, "all_idle_seconds": 3.0}, True, "of waiting"),
    ("while True: pass", {"idle_seconds": LONG, "cpu_seconds": 1.0}, True, "of computing")])
def test_it_ends(does, limits, moves, reason):
    process = subprocess.Popen([sys.executable, "-c", f"import time\n{does}"])
    try:
        patience = Patience(lambda: [process.pid], **limits)
        looks = itertools.count()
        while not (found := patience.spent(next(looks) if moves else None)):
            time.sleep(0.1)
        assert reason in found
    finally:
        process.kill()
        process.wait()
