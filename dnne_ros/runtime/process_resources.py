"""What a process is to have of its machine, asked of the operating system."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable

from dnne_ros.errors import InputError
from dnne_ros.graph.resources import Resources

_VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"


def take_resources(process: str, wanted: Resources, warn: Callable[[str], None]) -> None:
    """Give this process what it is to have; threads that it starts from now on inherit it.

    What needs a right that it has not is left as it is, with a warning.  Raises `InputError` for
    cores that the machine has not, or that it may not use.
    """
    if wanted.gpus is not None:
        # What a user has shown to the whole run is what the numbers count.
        shown = os.environ.get(_VISIBLE_GPUS)
        names = shown.split(",") if shown else None
        if names and max(wanted.gpus) >= len(names):
            raise InputError(f"process {process}", [
                f"GPU {max(wanted.gpus)}: {_VISIBLE_GPUS} shows {len(names)}"])
        os.environ[_VISIBLE_GPUS] = ",".join(
            names[number] if names else str(number) for number in wanted.gpus)
    if wanted.cores is not None:
        there = os.sched_getaffinity(0)
        if missing := sorted(set(wanted.cores) - there):
            raise InputError(f"process {process}", [
                f"core {', '.join(map(str, missing))}: this machine lets it use "
                f"{', '.join(map(str, sorted(there)))}"])
        os.sched_setaffinity(0, wanted.cores)
    if wanted.memory is not None:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        limit = wanted.memory if most == resource.RLIM_INFINITY else min(wanted.memory, most)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    if wanted.nice is not None:
        _attempt(process, f"nice {wanted.nice}", "ulimit -e", warn,
                 lambda: os.setpriority(os.PRIO_PROCESS, 0, wanted.nice or 0))
    if wanted.realtime is not None:
        parameter = os.sched_param(wanted.realtime)
        _attempt(process, f"realtime {wanted.realtime}", "ulimit -r", warn,
                 lambda: os.sched_setscheduler(0, os.SCHED_FIFO, parameter))


def _attempt(process: str, what: str, limit: str, warn: Callable[[str], None],
             ask: Callable[[], None]) -> None:
    try:
        ask()
    except PermissionError:
        warn(f"process {process}: {what} is not permitted; it needs CAP_SYS_NICE, or a higher "
             f"limit ({limit}, rtprio and nice in /etc/security/limits.conf)")
