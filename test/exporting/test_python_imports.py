"""What a module imports is found in its source, names of a lazy package included."""

import pytest

from dnne_ros.exporting.python_imports import follow

HOMES = {"lazy.Thing": "lazy.room.things", "lazy.Other": "lazy.other"}


@pytest.fixture
def found(tmp_path):
    """Return the modules that ``source`` needs of a package that loads its names lazily."""
    (tmp_path / "lazy/room").mkdir(parents=True)
    for name in ("__init__", "room/__init__", "room/things", "other"):
        (tmp_path / f"lazy/{name}.py").touch()

    def call(source):
        (tmp_path / "mine.py").write_text(source)
        files = follow(["mine"], {"mine": tmp_path / "mine.py", "lazy": tmp_path / "lazy"},
                       HOMES).files
        return sorted(set(files) - {"mine", "lazy"})
    return call


@pytest.mark.parametrize("source, expected", [
    ("import lazy", []),
    ("from lazy import Thing", ["lazy.room", "lazy.room.things"]),
    ("from lazy import Other as Else", ["lazy.other"]),
    ("import lazy as door\nclass Mine(door.Thing):\n    pass", ["lazy.room", "lazy.room.things"]),
    ("from lazy import *", ["lazy.other", "lazy.room", "lazy.room.things"]),
    ("from lazy import room", ["lazy.room"]),
])
def test_names_lead_to_their_homes(found, source, expected):
    assert found(source) == expected
