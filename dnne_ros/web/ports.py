"""Where a server listens: an address, and the first port that is free."""

from __future__ import annotations

import errno
import ipaddress
import socket

from dnne_ros.errors import InputError
from dnne_ros.web.guards.host_names import LOCAL_NAMES

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8480
_TRIES = 100


def open_port(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens at ``port`` or, without one, at the first that is free.

    Linux lets two sockets be bound to one port until one of them listens, so it listens at once.

    `InputError` where there is no such address here, or the port is taken.
    """
    family, address = _resolve(host)
    for each in range(DEFAULT_PORT, DEFAULT_PORT + _TRIES) if port is None else (port,):
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            # A server that has just ended leaves connections behind that still hold its port.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((address, each))
            opened.listen()
        except OSError as error:
            opened.close()
            if error.errno != errno.EADDRINUSE:
                raise InputError("arguments", [
                    f"--host {host}: {address}, port {each}: {error.strerror}"]) from None
        else:
            return opened
    if port is not None:
        raise InputError("arguments", [
            f"--port {port} is taken; leave it out to have the next free one"])
    raise InputError("environment", [
        f"all ports from {DEFAULT_PORT} to {DEFAULT_PORT + _TRIES - 1} are taken; choose one "
        "with --port"])


def _resolve(host: str) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise InputError("arguments", [
            f"--host {host!r:.80}: no address of a host: {error}"]) from None
    return found[0], str(found[4][0])


def names_of(host: str) -> frozenset[str]:
    """Return the names that a server on ``host`` is called by.

    Addresses need none: see `dnne_ros.web.guards.host_names`.
    """
    if _is_everything(host):
        name = socket.gethostname().lower()
        return frozenset((*LOCAL_NAMES, name, f"{name}.local"))
    return frozenset((*LOCAL_NAMES, host.lower()))


def url_of(host: str, port: int) -> str:
    """Return the address of the server for a person, who may be on another machine."""
    name = socket.gethostname() if _is_everything(host) else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def is_local(host: str) -> bool:
    """Tell whether only this machine reaches a server on ``host``."""
    return ipaddress.ip_address(_resolve(host)[1].partition("%")[0]).is_loopback


def _is_everything(host: str) -> bool:
    return ipaddress.ip_address(_resolve(host)[1].partition("%")[0]).is_unspecified
