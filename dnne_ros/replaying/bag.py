"""Bags that other programs recorded: rosbag2's, in sqlite3 or MCAP."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from dnne_ros.errors import InputError
from dnne_ros.recording.installed import check_recording


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

        try:
            self._reader = Reader(path)
            self._reader.open()
        except Exception as error:  # of several libraries, about a file that may be anything
            raise InputError(str(path), [
                f"expected a recording, or a bag of rosbag2: {error}"]) from None
        self.topics = {each.topic: each.msgtype for each in self._reader.connections}
        """The message type of each topic."""
        self.begin_ns: int = self._reader.start_time
        self.end_ns: int = self._reader.end_time

    def messages(self, topics: Collection[str]) -> Iterator[BagMessage]:
        """Yield the messages of some topics in the order of time."""
        connections = [each for each in self._reader.connections if each.topic in topics]
        for connection, time_ns, data in self._reader.messages(connections):
            yield BagMessage(connection.topic, time_ns, bytes(data))

    def close(self) -> None:
        """Close it."""
        self._reader.close()
