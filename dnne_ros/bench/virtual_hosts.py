"""Machines that are none: network namespaces of Linux, joined by a virtual cable.

Each has an address, a name, a machine id, ``/dev/shm`` and clocks since boot of its own, so that
nothing but the network leads from one to the other.  Only root may make them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_NETWORK = "10.199.{network}.{host}"
_INSIDE = """
mount -t tmpfs -o size=1g tmpfs /dev/shm && hostname "$0" || exit
if [ -e /etc/machine-id ]; then
    printf '%s' "$0" | md5sum | cut -c1-32 > /dev/shm/machine-id
    mount --bind /dev/shm/machine-id /etc/machine-id || exit
fi
exec "$@"
"""


def why_no_virtual_hosts() -> str:
    """Return why there can be none here; "" if they can be made."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    missing = [name for name in ("ip", "unshare") if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} is missing (apt: iproute2, util-linux)"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "--uts", "--ipc", "sh", "-c",
         "ip link add end0 type veth peer name end1 && ip link add bridge0 type bridge"],
        capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"no virtual networks here: {tried.stderr.strip()}"


class VirtualHost:
    """One of them."""

    def __init__(self, name: str, namespace: str, address: str, bridge: str, port: str,
                 boot_seconds: int):
        """Be ``name`` at ``address``, up for ``boot_seconds`` longer than this machine.

        The cable ends at the ``port`` of the ``bridge``.
        """
        self._bridge = bridge
        self._port = port
        self.name = name
        self.address = address
        self._namespace = namespace
        self._boot_seconds = boot_seconds

    def words(self, *words: object) -> list[str]:
        """Return what runs a command line there."""
        return ["ip", "netns", "exec", self._namespace, "unshare", "--mount", "--uts", "--ipc",
                "--time", "--monotonic", str(self._boot_seconds), "--boottime",
                str(self._boot_seconds), "--fork", "--kill-child", "sh", "-c", _INSIDE, self.name,
                *map(str, words)]

    def cut(self) -> None:
        """Pull the cable out."""
        self._set("down")

    def join(self) -> None:
        """Put it back."""
        self._set("up")

    def multicast(self, *, on: bool) -> None:
        """Let the network bring what is for everybody to this host, or not, as some do."""
        _ip("-n", self._bridge, "link", "set", self._port, "type", "bridge_slave", "mcast_flood",
            "on" if on else "off")

    def _set(self, state: str) -> None:
        _ip("-n", self._namespace, "link", "set", "eth0", state)


@contextmanager
def virtual_hosts(*names: str) -> Iterator[tuple[VirtualHost, ...]]:
    """Give hosts of these names on one virtual network of their own."""
    tag, network = f"dnne{secrets.token_hex(3)}", secrets.randbelow(250)
    bridge = f"{tag}_br"
    hosts = []
    try:
        _ip("netns", "add", bridge)
        _ip("-n", bridge, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        _ip("-n", bridge, "link", "set", "br0", "up")
        for number, name in enumerate(names):
            namespace = f"{tag}_{number}"
            _ip("netns", "add", namespace)
            address = _NETWORK.format(network=network, host=number + 1)
            _ip("-n", namespace, "link", "add", "eth0", "type", "veth", "peer", "name",
                f"port{number}", "netns", bridge)
            _ip("-n", bridge, "link", "set", f"port{number}", "master", "br0", "up")
            _ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", namespace, "link", "set", device, "up")
            hosts.append(VirtualHost(name, namespace, address, bridge, f"port{number}",
                                     100_000 * number))
        yield tuple(hosts)
    finally:
        for namespace in (bridge, *(f"{tag}_{number}" for number in range(len(hosts) + 1))):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
