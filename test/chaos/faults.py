"""What goes wrong in a process of a graph: links that lose, clocks that jump, memory that is full.

The product has no place to ask for that, so a process patches itself before it makes its edges.
"""

import errno
import json
import os
import random
import time

from chaos.files import NUMBER, place_of, started_of
from dnne_ros.runtime.coordination import status
from dnne_ros.transport import bundle, dds_ends, remote_reader, shared_memory, unix_sockets


def install(file):
    """Do what a JSON file says, nothing if there is none; leave signs of how far the process is.

    ``dds_only``: there are no sockets.  ``dds_loss`` and ``socket_loss``: the part of all frames
    and credits that is lost.  ``clock``: the clock of each process is set to something else every
    second.  ``no_memory``: the part of requests for memory for large items that is refused.
    """
    _tell_when_started()
    _tell_how_far_inputs_are()
    wanted = json.loads(file.read_text()) if file.exists() else {}
    if wanted.get("dds_only"):
        unix_sockets.UnixSockets.connect = lambda *_: None
    if loss := wanted.get("dds_loss"):
        for end in (dds_ends.DdsProducerEnd, dds_ends.DdsConsumerEnd):
            _lose_from(end, loss)
    if loss := wanted.get("socket_loss"):
        for way in ("send", "owe"):
            setattr(bundle.Strand, way, _losing(getattr(bundle.Strand, way), loss))
    if wanted.get("clock"):
        _set_clocks()
    if part := wanted.get("no_memory"):
        _refuse_memory(part)


def _tell_when_started():
    """Leave a file once the process has met the others and its nodes run."""
    send = status.StatusChannel.send

    def telling(self, kind, **content):
        send(self, kind, **content)
        if kind == "started":
            started_of(os.getpid()).touch()
    status.StatusChannel.send = telling


def _tell_how_far_inputs_are():
    """Write down how far each input from another process is, when its producer hears."""
    announce = remote_reader.RemoteReader.announce

    def telling(self):
        announce(self)
        place_of(os.getpid(), self._name).write_bytes(
            NUMBER.pack(self._taken.done) + NUMBER.pack(self._handled.done))
    remote_reader.RemoteReader.announce = telling


def _losing(send, loss):
    def losing(*arguments):
        return 0 if random.random() < loss else send(*arguments)
    return losing


def _lose_from(end, loss):
    make = end.__init__

    def made(self, *arguments):
        make(self, *arguments)
        self.send = _losing(self.send, loss)
    end.__init__ = made


def _set_clocks():
    now_ns, rate = time.time_ns, 10**9

    def set_ns():
        second = time.monotonic_ns() // rate
        return now_ns() + random.Random(second ^ os.getpid()).randint(-60 * rate, 60 * rate)
    time.time_ns = set_ns
    time.time = lambda: set_ns() * 1e-9


def _refuse_memory(part):
    make = shared_memory.Slot.__init__

    def made(self, *arguments, **options):
        if random.random() < part:
            raise OSError(errno.ENOSPC, "no space, on purpose")
        make(self, *arguments, **options)
    shared_memory.Slot.__init__ = made
