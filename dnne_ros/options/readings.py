"""What the texts of options mean, for argparse, which shows the errors."""

from __future__ import annotations

import argparse
import re

from dnne_ros.metrics.serving import Address
from dnne_ros.node_api.checkpoint_trigger import parse_duration

_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([KMGT]i?B|B?)", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def duration(text: str) -> float:
    """Return the seconds of ``90``, ``5m`` or ``1h30m``."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole_number(text: str) -> int:
    """Return a whole number from 0 that fits into 63 bits."""
    return _from(0, text)


def count(text: str) -> int:
    """Return a whole number from 1 that fits into 63 bits."""
    return _from(1, text)


def _from(least: int, text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = -1
    if not least <= found < 2**63:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from {least}, found {text!r:.40}")
    return found


def byte_size(text: str) -> int:
    """Return the bytes of ``500MB``, ``1GB`` or ``64MiB``; at least 1 MB."""
    match = _SIZE.fullmatch(text.strip())
    found = int(float(match[1]) * _UNITS[match[2].lower()]) if match else 0
    if found < _UNITS["mb"]:
        raise argparse.ArgumentTypeError(
            f"expected a size from 1MB, such as 500MB or 1GB, found {text!r:.40}")
    return found


def addresses(text: str) -> str:
    """Return host names or IPv4 addresses, separated by commas, without blanks."""
    found = [piece.strip() for piece in text.split(",")]
    for piece in found:
        if not _ADDRESS.fullmatch(piece):
            raise argparse.ArgumentTypeError(
                "expected names or IPv4 addresses of hosts, separated by commas, found "
                f"{text!r:.80}")
    return ",".join(found)


def address(text: str) -> str:
    """Return where to serve metrics, ``HOST:PORT`` of what may be a port alone."""
    try:
        return str(Address.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def truth(text: str) -> bool:
    """Return whether ``text`` says true."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"expected true or false, found {text!r}")
    return text.lower() == "true"
