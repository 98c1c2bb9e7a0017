"""The options of every command that serves pages, and what it needs to be installed."""

from __future__ import annotations

import argparse
import importlib.util

from dnne_ros.errors import InputError

_LAST_PORT = 65535


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--port``, ``--host`` and ``--view``."""
    parser.add_argument("--port", type=_port, metavar="N",
                        help="where to listen (default: 8480, or the next that is free)")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                        help="the address to listen at; others than 127.0.0.1 let other machines "
                             "in that have the token, over connections that are not encrypted")
    parser.add_argument("--view", action="store_true",
                        help="only show: nothing can be changed from the browser")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(
            f"expected a port from 0 (any) to {_LAST_PORT}, found {text!r:.40}")
    return int(text)


def check_installed() -> None:
    """Raise `InputError` with the command that installs what is missing."""
    if importlib.util.find_spec("aiohttp") is None:
        raise InputError("environment", [
            "a page in a browser needs aiohttp: pip install 'dnne_ros[web]'"])
