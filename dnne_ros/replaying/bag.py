"""Bags that other programs recorded: rosbag2's, in sqlite3 or MCAP."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from dnne_ros.errors import InputError
from dnne_ros.recording.installed import check_recording
from dnne_ros.recording.scan import MAGIC

_DESCRIPTION = "metadata.yaml"
_SQLITE = b"SQLite format 3\0"
_STARTS = {".mcap": MAGIC, ".db3": _SQLITE}
_SHOWN = 8
_BRACKETS = str.maketrans("", "", "[]'")


class BagMessage(NamedTuple):
    """A message of a topic, serialised, and when it was recorded."""

    topic: str
    time_ns: int
    data: bytes


class Bag:
    """A bag, open for reading."""

    def __init__(self, path: Path):
        """Open a bag's folder or file; `InputError` if it is none."""
        check_recording("replay", bags=True)
        from rosbags.rosbag2 import Reader

        self._path = path
        self.damage = ""
        """Why no more of it could be read."""
        _check(path)
        try:
            self._reader = Reader(path)
            self._reader.open()
        except Exception as error:  # of several libraries, about a file that may be anything
            raise InputError(str(path), [_trouble(path, error)]) from None
        self.topics = {each.topic: each.msgtype for each in self._reader.connections}
        """The message type of each topic."""
        self.begin_ns: int = self._reader.start_time
        self.end_ns: int = self._reader.end_time

    def messages(self, topics: Collection[str]) -> Iterator[BagMessage]:
        """Yield the messages of some topics in the order of time, as far as they can be read."""
        connections = [each for each in self._reader.connections if each.topic in topics]
        messages = self._reader.messages(connections)
        expected, given, trouble = sum(each.msgcount for each in connections), 0, ""
        while True:
            try:
                found = next(messages, None)
            except Exception as error:  # of several libraries, about damage of any kind
                found, trouble = None, f", and then: {_one_line(error)}"
            if found is None:
                break
            given += 1
            connection, time_ns, data = found
            yield BagMessage(connection.topic, time_ns, bytes(data))
        if given < expected or trouble:
            self.damage = (f"{self._path} is damaged: expected {expected:,} messages of what the "
                           f"graph hears, found {given:,}{trouble}")

    def close(self) -> None:
        """Close it."""
        self._reader.close()


def _check(path: Path) -> None:
    """Raise `InputError` for what is no bag at first sight, or not a whole one."""
    files = [path]
    if path.is_dir():
        found = sorted(each.name for each in path.iterdir())
        if _DESCRIPTION not in found:
            raise InputError(str(path), [
                f"expected the folder of a bag, with {_DESCRIPTION}, found "
                f"{', '.join(found[:_SHOWN]) or 'nothing'} in it"])
        files = [path / name for name in found if Path(name).suffix in _STARTS]
    for each in files:
        if problem := _problem(each):
            raise InputError(str(each), [problem])


def _problem(path: Path) -> str:
    """Say what is wrong with the first and the last bytes of a file of a bag."""
    wanted = ("expected a recording of `dnne-ros run --record`, or a bag of rosbag2 (its folder, "
              "a .mcap or a .db3), found")
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(len(_SQLITE))
        file.seek(max(0, size - len(MAGIC)))
        end = file.read()
    expected = _STARTS.get(path.suffix)
    if expected is None or not start.startswith(expected):
        kind = path.suffix if expected is not None else "file"
        return f"{wanted} a {kind} of {size:,} bytes that begins with {start[:_SHOWN]!r}"
    if expected == MAGIC and (end != MAGIC or size < 2 * len(MAGIC)):
        return (f"{wanted} an MCAP file without an end, cut off at {size:,} bytes: "
                "`mcap recover` makes another of what is whole")
    return ""


def _trouble(path: Path, error: Exception) -> str:
    """Say what a library has found wrong."""
    text = _one_line(error)
    if "metadata" in text.lower() or "yaml" in text.lower():
        return f"expected what rosbag2 writes to {_DESCRIPTION}, found something else in it"
    return f"expected a bag of rosbag2, found one that is damaged or not whole: {text}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).translate(_BRACKETS).split()) or type(error).__name__
