"""A PostgreSQL server of one's own, for as long as something is measured on it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dnne_ros.errors import DnneError

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
_PATIENCE = 120.0


def no_postgres() -> str:
    """Return why there can be no server, or nothing."""
    if _program("initdb") is None or _program("postgres") is None:
        return "apt install postgresql"
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        return f"there is no user {_USER}" if os.getuid() == 0 else ""
    return ""


@contextmanager
def own_server() -> Iterator[str]:
    """Give the URL of a new server with its own settings: what is committed is on the disk.

    It listens on a socket in a folder of its own; nothing of it is left afterwards.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    who: dict[str, Any] = {}
    if os.getuid() == 0:  # as whom the server refuses to run
        shutil.chown(folder, _USER)
        who = {"user": _USER}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
                             "cwd": folder, **who}
    try:
        subprocess.run([str(_program("initdb")), "-D", str(folder / "data"), "-A", "trust", "-U",
                        "dnne"], check=True, **quiet)
        server = subprocess.Popen([str(_program("postgres")), "-D", str(folder / "data"), "-k",
                                   str(folder), "-c", "listen_addresses="], **quiet)
        try:
            url = f"postgresql://dnne@/postgres?host={folder}"
            _await(url, server)
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # do not wait for clients
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> Path | None:
    found = shutil.which(name)
    if found:
        return Path(found)
    return max(_DEBIAN.glob(f"*/bin/{name}"), default=None)


def _await(url: str, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise DnneError(f"PostgreSQL does not start: {error}") from None
        time.sleep(0.05)
