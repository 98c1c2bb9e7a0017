"""The copies of a round trip through shared memory between two processes, and nothing else.

tensor → slot in shared memory; → the other end's own memory; → its slot; → our own memory.  Of
these four ours makes the first and the third, as its nodes read messages where they lie.  Each
process takes the time of its two; a socket says whose turn it is, which is not timed.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import struct
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from dnne_ros.bench.edge_peers.rally import Job, limit_life, read_jobs

_SECONDS = struct.Struct("<d")
FIGURES = "copies.json"
"""What `main` leaves in its folder: microseconds of the copies of each trip, by payload."""


class _Ends:
    """The memory of both ends for one payload: two slots that they share, and each one's own."""

    def __init__(self, payload: int):
        """Have all pages in use already, as they are after the first trips."""
        self.slots = [np.frombuffer(mmap.mmap(-1, payload), np.uint8) for _ in range(2)]
        self.own = np.ones(payload, np.uint8)
        for slot in self.slots:
            slot[:] = self.own


def _copied(target: np.ndarray, source: np.ndarray) -> float:
    """Copy, and return how many seconds it took."""
    began = perf_counter()
    target[:] = source
    return perf_counter() - began


def _serve(job: Job, ends: _Ends, link: socket.socket) -> list[float]:
    """Return the microseconds of all four copies, trip by trip."""
    trips = []
    payload = np.zeros(job.payload, np.uint8)
    for _ in range(job.warm_up + job.trips):
        seconds = _copied(ends.slots[0], payload)
        link.send(b"\0")
        seconds += _SECONDS.unpack(link.recv(_SECONDS.size))[0]
        trips.append(1e6 * (seconds + _copied(ends.own, ends.slots[1])))
    return trips[job.warm_up:]


def _give_back(job: Job, ends: _Ends, link: socket.socket) -> None:
    for _ in range(job.warm_up + job.trips):
        link.recv(1)
        seconds = _copied(ends.own, ends.slots[0])
        link.send(_SECONDS.pack(seconds + _copied(ends.slots[1], ends.own)))


def main(folder: Path) -> None:
    """Follow the jobs in ``folder``, in this process and a fork of it."""
    limit_life()
    jobs = read_jobs(folder)
    memory = [_Ends(job.payload) for job in jobs]
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        limit_life()
        here.close()
        for job, ends in zip(jobs, memory, strict=True):
            _give_back(job, ends, there)
        os._exit(0)
    there.close()
    trips = {job.payload: _serve(job, ends, here) for job, ends in zip(jobs, memory, strict=True)}
    os.wait()
    (folder / FIGURES).write_text(json.dumps(trips), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
