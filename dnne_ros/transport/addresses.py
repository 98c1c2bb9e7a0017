"""Which IPv4 addresses this machine has, and which of another's leads there."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable, Sequence

_SIOCGIFADDR = 0x8915


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine's interfaces, without that of the loopback."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            with contextlib.suppress(OSError):  # it has none
                answer = fcntl.ioctl(any_socket, _SIOCGIFADDR, request)
                found.append(socket.inet_ntoa(answer[20:24]))
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]


def nearest(addresses: Iterable[str], own: Sequence[str]) -> str:
    """Return the one of ``addresses`` that has most leading bits in common with one of ``own``.

    One that we have, too, as of a virtual bridge, is not that of another machine.  "" if there is
    none.
    """
    def distance(address: str) -> int:
        return min((_number(address) ^ _number(each) for each in own), default=0)

    candidates = [address for address in addresses if _is_address(address) and address not in own]
    return min(candidates, key=distance, default="")


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _number(address: str) -> int:
    return int(ipaddress.IPv4Address(address))
