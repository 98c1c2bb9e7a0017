"""Files of data sets from where they are published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dnne_ros.errors import InputError

_TIMEOUT = 20.0


def fetch(source: str, name: str, md5: str, folder: Path, by_hand: str,
          say: Callable[[str], object]) -> Path:
    """Return ``folder/name``, downloaded from ``source`` unless it is there already.

    Its checksum is verified before it gets its name; ``say`` is given a line on it.  `InputError`
    says why it cannot be had, and ``by_hand``: what to put where without a network.
    """
    try:
        import pooch
    except ModuleNotFoundError as error:
        raise InputError(str(folder), [
            f"no {name} here, and downloading needs {error.name}: pip install 'dnne_ros[data]'; "
            f"{by_hand}"]) from None
    say(f"downloading {source}{name} to {folder}")
    try:
        return Path(pooch.retrieve(
            source + name, f"md5:{md5}", fname=name, path=folder,
            downloader=pooch.HTTPDownloader(timeout=_TIMEOUT)))
    except (OSError, ValueError) as error:  # no network, no space; the sum is wrong
        reason = " ".join(str(error).split())
    raise InputError(str(folder), [
        f"no {name} here, and it cannot be downloaded: {reason:.300}; {by_hand}"])
