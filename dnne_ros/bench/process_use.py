"""What a command takes from the machine: its process and all that it has started, by /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM = 1, 11, 12  # in /proc/PID/stat, counted from behind the name


def family(root: int) -> list[int]:
    """Return the process ``root`` and its descendants, those that still run."""
    parents = {int(entry.name): int(fields[_PARENT]) for entry in Path("/proc").iterdir()
               if entry.name.isdecimal() and (fields := _stat(int(entry.name)))}
    found = [root] if root in parents else []
    for process in found:  # grows while it is gone through
        found += [child for child, parent in parents.items() if parent == process]
    return found


def cpu_seconds(processes: list[int]) -> float:
    """Return the processor time of all their threads so far.

    In steps of 10 ms where the kernel does not say more (/proc/PID/task/TID/schedstat); a thread
    that ends takes what it has used along there.
    """
    exact = [_on_cpu_ns(process) for process in processes]
    if None not in exact:
        return 1e-9 * sum(filter(None, exact))
    return sum(int(fields[_USER]) + int(fields[_SYSTEM])
               for process in processes if (fields := _stat(process))) / _TICKS


def largest_mib(processes: list[int]) -> float:
    """Return the resident memory of the largest of them, MiB, its shared pages included."""
    return max((_kib(process, "status", "VmRSS:") for process in processes), default=0) / 1024


def together_mib(processes: list[int]) -> float:
    """Return the memory of all of them, MiB; of a shared page each has its part."""
    return sum(_kib(process, "smaps_rollup", "Pss:") for process in processes) / 1024


def _on_cpu_ns(process: int) -> int | None:
    """Return for how long the threads of a process have run; None where nobody counts that."""
    total = 0
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            with suppress(ProcessLookupError, FileNotFoundError):  # the thread has ended
                total += int((thread / "schedstat").read_text(encoding="utf-8").split()[0])
    except FileNotFoundError:  # the process has
        return 0
    except (OSError, IndexError):
        return None
    return total or None


def _stat(process: int) -> list[str]:
    with suppress(OSError):  # it has ended
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return text.rpartition(")")[2].split()
    return []


def _kib(process: int, file: str, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/{file}").read_text(encoding="utf-8").splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0
