"""Runs a server in the event loop that serves rclpy, in one thread, until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from dnne_ros.cli.output import lasting_output, say
from dnne_ros.errors import InputError
from dnne_ros.web.application import Guards, Part, make_application
from dnne_ros.web.guards.token import QUERY, Token
from dnne_ros.web.ports import is_local, names_of, open_port, url_of

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.event_loop import RosEventLoop

_INTERRUPTED = 130
_SHUTDOWN_SECONDS = 2.0


def serve(options: argparse.Namespace,
          make_parts: Callable[[Context, RosEventLoop], Sequence[Part]], landing: str = "/"
          ) -> int:
    """Serve parts until Ctrl-C, as ``options`` (`add_server_options`, ``ros_args``) say.

    ``landing`` is the path of the address that is printed.
    """
    from dnne_ros.parameter_files.ros_arguments import check_ros_arguments

    check_ros_arguments(options.ros_args)
    try:
        from dnne_ros.runtime.discovery import choose_reach
        from dnne_ros.runtime.process import end_tasks, ros_event_loop
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or install the wheels with "
            "pip install 'dnne_ros[wheels]'"]) from None
    with open_port(options.host, options.port) as opened, lasting_output():
        choose_reach(os.environ, "SUBNET")
        token = Token(opened.getsockname()[1])
        guards = Guards(token, names_of(options.host), options.view)
        with ros_event_loop(options.ros_args) as (context, loop):
            application = make_application(guards, make_parts(context, loop))
            try:
                loop.run_until_complete(_until_interrupted(application, opened, lambda: _say_where(
                    options.host, f"{landing}?{QUERY}={token.secret}", token.port)))
            finally:
                end_tasks(loop)  # answers that nobody waits for any more
    return _INTERRUPTED


async def _until_interrupted(application: web.Application, opened: socket.socket,
                             say_where: Callable[[], None]) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, opened).start()
        say_where()
        await ended.wait()
    finally:
        await runner.cleanup()


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a fault is one of ours, and not of whoever has sent rubbish or gone away."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (HttpProcessingError, ConnectionError))


def _say_where(host: str, path: str, port: int) -> None:
    if not is_local(host):
        say(f"warning: --host {host}: other machines reach this server; it asks them for the "
            "token, but the connection is not encrypted", error=True)
    say(f"open {url_of(host, port)}{path}", flush=True)
