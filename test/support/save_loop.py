"""Kills a process that saves and saves, and looks at what it leaves: ``make kills KILLS=1000``.

Each save has a number, which is in the weights, in the rest of the tensors and in the state of two
nodes, and in the policy interface.  After each kill a reader must find one number in all of them,
the last that was said to be saved or the one that was under way; then the next process goes on.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.durable_files import is_left_over
from dnne_ros.node_api.state import NodeState


def save(store, number):
    """Write a checkpoint that has ``number`` in every file."""
    generation, files = store.next_generation(), {}
    for node in ("1", "2"):
        files.update(store.write_node(generation, node, NodeState(
            {"w": torch.full((1000,), float(number))}, {"t": torch.tensor(number)},
            {"n": number})))
    store.commit(generation, {"1": "A", "2": "B"}, files, {}, {"number": number})


def numbers(directory):
    """Return all numbers that a checkpoint has in it; `InputError` if it is damaged."""
    checkpoint = Checkpoint.read(directory)
    found = {checkpoint.policy_interface()["number"]}
    for state in checkpoint.states().values():
        found |= {*state.weights["w"].tolist(), state.tensors["t"].item(), state.values["n"]}
    return found


def save_until_killed(directory, first, told):
    """Save number after number and write each into the pipe ``told`` when it is there."""
    store = CheckpointStore(directory)
    store.lock()
    while True:
        save(store, first)
        os.write(told, b"%d\n" % first)
        first += 1


def kill_savers(directory, kills, seed=0):
    """Kill so many savers; return how often what was found.  AssertionError if it is not whole."""
    random_times = random.Random(seed)
    counts = Counter()
    CheckpointStore(directory).prepare()
    last = 0
    for kill in range(kills):
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                save_until_killed(directory, last + 1, tell)
            finally:
                os._exit(1)
        os.close(tell)
        with os.fdopen(told, "rb") as lines:
            began = time.monotonic()
            first = lines.readline()
            assert first, "it cannot save"
            # The moment of the kill is what is tested: anywhere in the next save, or behind it.
            time.sleep(random_times.uniform(0, 1.5 * (time.monotonic() - began)))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            said = int([first, *lines.read().splitlines()][-1])
        found = numbers(directory)
        assert len(found) == 1, f"kill {kill}: {found}"
        [last] = found
        assert last in (said, said + 1), f"kill {kill}: found {last}, was told {said}"
        counts["saves"] = last
        counts["under way counted"] += last == said + 1
        counts["left something"] += _leaves_something(directory)
    return counts


def _leaves_something(directory):
    named = {*Checkpoint.read(directory).manifest.files, "checkpoint.json", ".lock"}
    there = {str(path.relative_to(directory)) for path in Path(directory).rglob("*")
             if path.is_file()}
    assert named <= there
    return bool(there - named) or any(map(is_left_over, there))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        kills = int(sys.argv[1])
        found = kill_savers(Path(folder) / "c", kills, seed=int(sys.argv[2]))
    print(f"{kills} kills, {found['saves']} saves: each of one generation; "
          f"{found['left something']} left files that no manifest names, "
          f"{found['under way counted']} had counted before they could say so")
