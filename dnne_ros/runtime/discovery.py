"""How far DDS reaches, and over what.

Without a word from the user, a graph is visible on its own machine only.  There Fast DDS would use
shared memory, whose locks nobody takes from a process that is killed or stopped with one in its
hands: all who send to it then stand still, for ever or until it wakes.  So it uses UDP, which
nobody can hold up.  (What is large goes between processes of a graph by memory of our own.)

Everywhere Fast DDS 3 asks who is new for the layout of its types, which ROS does not need.  A race
in that (``TypeLookupManager::notify_callbacks`` in 3.2) kills one process in a thousand that
begins beside others, so it is told not to.

It also announces a new participant before it listens for answers, and who has answered answers no
more: a robot that has been there for some time would be heard of after its next announcement, up
to 3 s later.  Where announcements have a thread of their own, which Fast DDS gives them as soon as
there is a flow controller, it listens before the first answer comes.
"""

from __future__ import annotations

import re
import socket
import sys
import tempfile
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from dnne_ros.errors import InputError

RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
LOCAL_PROCESSES = 100
"""How many participants look for each other on one machine without multicast: loopback.xml."""

_TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"
PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
"""Of Fast DDS 3, in Kilted, which complains of the other one, and of Fast DDS 2, in Jazzy."""
_KILTED_RCLPY = 9
_PROFILES = Path(__file__).with_name("profiles")
"""Of both versions of Fast DDS, which differ in how a flow controller is asked for."""
_PEER = re.compile(r"\n *<locator>\s*<udpv4>.*?</locator>", re.DOTALL)
_INSTALLED = re.compile(r"(?:ros_)?rclpy-(\d+)")
_PREFIX = "dnne_ros_peers_"
_LOCALHOST = "127.0.0.1"


def choose_reach(environment: MutableMapping[str, str], default: str) -> str:
    """Set in ``environment`` what DDS is to read of it; return the range that it means.

    ``default`` is the range without a word from the user.  Whoever has profiles or another DDS
    keeps what he has, as do transports and peers that were chosen.
    """
    reach = environment.setdefault(RANGE, default)
    if any(map(environment.get, PROFILES)) \
            or "fastrtps" not in environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp"):
        return reach
    profile = "network.xml"
    if not any(map(environment.get, (_TRANSPORTS, "ROS_STATIC_PEERS"))):
        if reach == "LOCALHOST":  # for which rmw_fastrtps has transports of its own
            environment[RANGE] = "SYSTEM_DEFAULT"
            profile = "loopback.xml"
        else:
            environment[_TRANSPORTS] = "UDPv4"
    variable, folder = _version()
    environment[variable] = str(folder / profile)
    return reach


def check_reach(host: str | None, reach: str) -> None:
    """Raise `InputError` if ``host`` is to meet others, and DDS does not ``reach`` them."""
    if host is not None and reach in ("LOCALHOST", "OFF"):
        raise InputError("environment", [
            f"{RANGE}={reach}: host {host} could not find the other hosts; leave it out, or set "
            "SUBNET"])


def choose_peers(environment: MutableMapping[str, str], peers: Sequence[str]) -> str:
    """Set in ``environment`` that DDS looks on these hosts and on this one, without multicast.

    Up to 100 processes are found on each, where DDS by itself would look for 32.  Returns the
    range that it means.  `forget_peers` is to be called once there is a node.  Raises `InputError`
    for a host without an address, and where profiles of the user's say whom to look for.
    """
    if chosen := [name for name in PROFILES if environment.get(name)]:
        raise InputError("--peers", [f"{chosen[0]} is set; expected the peers in that file, or no "
                                     "such file"])
    if "fastrtps" not in environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp"):
        environment["ROS_STATIC_PEERS"] = ";".join(peers)
        return environment.setdefault(RANGE, "SUBNET")
    environment[RANGE] = "SYSTEM_DEFAULT"  # for others rmw_fastrtps has transports of its own
    variable, folder = _version()
    environment[variable] = _profile_of_peers(
        (folder / "peers.xml").read_text(encoding="utf-8"), [_LOCALHOST, *map(_address, peers)])
    return "SUBNET"


def _version() -> tuple[str, Path]:
    """Return what Fast DDS reads the name of its profiles from, and where ours for it are."""
    if rclpy_line() < _KILTED_RCLPY:
        return PROFILES[1], _PROFILES / "fast_dds_2"
    return PROFILES[0], _PROFILES / "fast_dds_3"


def _address(peer: str) -> str:
    try:
        return str(socket.getaddrinfo(peer, None, socket.AF_INET)[0][4][0])
    except OSError as error:
        raise InputError("--peers", [f"{peer}: no IPv4 address of a host: {error.strerror}"]
                         ) from None


def forget_peers(environment: MutableMapping[str, str]) -> None:
    """Remove the file of `choose_peers`, which Fast DDS has read when the first node was made."""
    for name in PROFILES:
        file = Path(environment.get(name, ""))
        if file.name.startswith(_PREFIX):
            del environment[name]
            file.unlink(missing_ok=True)


def _profile_of_peers(text: str, addresses: Sequence[str]) -> str:
    """Write a profile into a file, and return its name: Fast DDS takes one from nowhere else."""
    text = _PEER.sub(lambda match: "".join(
        match[0].replace("PEER", address) for address in addresses), text)
    file, name = tempfile.mkstemp(prefix=_PREFIX, suffix=".xml")
    with open(file, "w", encoding="utf-8") as profile:
        profile.write(text)
    return name


def rclpy_line() -> int:
    """Return the first number of rclpy's version, of a ROS installation or of the wheels.

    It is in the name of what was installed beside it.  `importlib.metadata` would read that, for
    which it loads parsers of mail and of archives: 2 MB in each process of a robot.
    """
    beside = (entry.name for folder in sys.path for entry in Path(folder).glob("*rclpy-*-info"))
    return next((int(found[1]) for found in map(_INSTALLED.match, beside) if found),
                _KILTED_RCLPY)
