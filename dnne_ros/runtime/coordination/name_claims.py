"""The full names of a process' nodes, claimed on this machine while the process lives.

DDS, too, tells of a node that has the same name; but on a busy machine it does so seconds after
two copies of a graph have begun to run beside each other.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path


class NameClaims:
    """Names that one process has, each as an abstract Unix socket that nobody connects to.

    The kernel gives such an address to one socket only, and takes it back when the process is
    gone, however it went.  Other users' processes have addresses of their own: nobody can hold
    a name against another user.
    """

    def __init__(self, names: Iterable[str], domain: int):
        """Claim ``names`` (``/robot/ppo_agent_3``) in a ROS domain, as far as they are free."""
        self._addresses = {name: _address(name, domain) for name in names}
        self._sockets: dict[str, socket.socket] = {}
        self.held_by_others()

    def held_by_others(self) -> list[str]:
        """Return the names that other processes have; claims those that have become free."""
        return [name for name in self._addresses
                if name not in self._sockets and not self._claim(name)]

    def close(self) -> None:
        """Give the names back."""
        for held in self._sockets.values():
            held.close()
        self._sockets.clear()

    def _claim(self, name: str) -> bool:
        """Return whether nobody else has a name."""
        try:
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        except OSError:  # no more descriptors: nothing is known
            return True
        try:
            claim.bind(self._addresses[name])
        except OSError as error:
            claim.close()
            return error.errno != errno.EADDRINUSE
        self._sockets[name] = claim
        return True


def holds_name(process_id: int, name: str, domain: int) -> bool:
    """Tell whether a process of this machine and user has a name."""
    address = _address(name, domain).replace("\0", "@")
    try:
        sockets = {f"socket:[{inode}]" for line in Path("/proc/net/unix").read_text().splitlines()
                   for *_, inode, path in [line.split()] if path == address}
        return any(os.readlink(each) in sockets
                   for each in Path(f"/proc/{process_id}/fd").iterdir())
    except OSError:  # it is another user's, or gone
        return False


def _address(name: str, domain: int) -> str:
    """Return an address of a length that is allowed, whatever the name."""
    digest = hashlib.sha256(f"{os.geteuid()} {domain} {name}".encode()).hexdigest()
    return f"\0dnne_ros/name/{digest}"
