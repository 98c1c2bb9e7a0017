"""The secret that the processes of one run share, and nobody else knows.

Whoever starts the processes makes it and hands it on in their environment, which on Linux only
their own user can read; command lines are everybody's to read.  Where a run has several hosts,
the user brings it to each of them.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import MutableMapping

from dnne_ros.errors import InputError

RUN_KEY = "DNNE_ROS_RUN_KEY"
"""The environment variable."""
_BYTES = 32
_ONE_HOST = "here:"
_LEAST = 16


def new_run_key() -> str:
    """Return the text of a new key, which no other host can have."""
    return _ONE_HOST + secrets.token_hex(_BYTES - len(_ONE_HOST))


def take_run_key() -> bytes:
    """Return this process' key, which those that it starts no longer inherit.

    Without one it is empty: processes that are started by hand, one by one, find each other, and
    cannot tell each other from strangers.
    """
    return os.environ.pop(RUN_KEY, "").encode()[:2 * _BYTES]


def shared_run_key(host: str, key_file: str | None,
                   environment: MutableMapping[str, str] = os.environ) -> str:
    """Return the text of the key that ``host`` shares with the other hosts of a run.

    It is in ``key_file`` or else in ``environment``.  Raises `InputError` if it is in neither, or
    if others can read the file.
    """
    if key_file:
        return _read(key_file)
    key = environment.get(RUN_KEY, "")
    if not key or key.startswith(_ONE_HOST):
        raise InputError(f"host {host}", [
            "has no key of the run; expected the one that all its hosts share, in --key-file FILE "
            f"or in {RUN_KEY}"])
    return _checked(RUN_KEY, key)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(4096).strip()
    except OSError as error:
        raise InputError(path, [f"cannot read the run's key: {error.strerror}"]) from None
    except ValueError:
        raise InputError(path, ["expected a key in ASCII letters and digits"]) from None
    if mode & 0o077:
        raise InputError(path, [f"others can read the run's key: expected mode 0600, found "
                                f"{mode:04o}"])
    return _checked(path, text)


def _checked(source: str, key: str) -> str:
    if not _LEAST <= len(key) <= 2 * _BYTES or not key.isascii() or not key.isprintable():
        raise InputError(source, [
            f"expected a key of {_LEAST} to {2 * _BYTES} ASCII characters, such as `openssl rand "
            f"-hex 32` gives, found {len(key)}"])
    return key
