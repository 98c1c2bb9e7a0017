"""The process that serves a run to viewers, beside the processes of its graph.

A process of its own, since messages of many topics go through it: in a process of the graph they
would take the interpreter from nodes, and in the supervisor from whoever has to stop and save the
graph.  It may fail or be slow; the run goes on, and says so.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError
from dnne_ros.runtime.coordination.printed_lines import printed_lines
from dnne_ros.security.environment import ENABLE, is_secure

if TYPE_CHECKING:
    from dnne_ros.foxglove.address import Address

_OPTION = "--foxglove"
_RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
_LEAVING_SECONDS = 5.0


def check_viewers(address: Address, namespace: str) -> None:
    """Raise `InputError` if nobody could watch a run at ``address``."""
    if is_secure():
        raise InputError(f"{_OPTION} {address}", [
            f"with {ENABLE}=true, who watches needs an enclave of his own: dnne-ros foxglove "
            f"{namespace} --at {address} --ros-args --enclave /watcher"])
    address.check(f"{_OPTION} {address}")


@asynccontextmanager
async def viewers_served(address: Address, namespace: str, reach: str,
                         say: Callable[[str], object], warn: Callable[[str], object]
                         ) -> AsyncIterator[None]:
    """Serve the graph in ``namespace`` meanwhile, to whom the discovery range ``reach`` has.

    ``say`` is given what the process prints, and ``warn`` its end if it comes too soon.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dnne_ros", "foxglove", namespace, "--at", str(address),
        "--parent", str(os.getpid()), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for us: the last items are shown, too
        env={_RANGE: reach, **os.environ, "PYTHONUNBUFFERED": "1"})
    following = asyncio.ensure_future(_follow(process, say, warn))
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await _end(process)


async def _follow(process: asyncio.subprocess.Process, say: Callable[[str], object],
                  warn: Callable[[str], object]) -> None:
    assert process.stdout is not None  # it is a pipe
    async for line in printed_lines(process.stdout):
        say(line.decode(errors="replace").rstrip())
    warn(f"{_OPTION}: nobody can watch any more: its process has ended with exit code "
         f"{await process.wait()}; the run goes on")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _LEAVING_SECONDS)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
