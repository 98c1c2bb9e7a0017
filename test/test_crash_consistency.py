"""Whoever writes a file may be killed at any call, and the power may go: readers find it whole.

Each kind of file that is written is written over an earlier one, again and again, with an
interruption at every call that changes something.
"""

import itertools
import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from crashing import Killed, PowerCuts, Watched, put

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.cli.main import main
from dnne_ros.cli.node_pages import write_pages
from dnne_ros.cli.outputs import write_outputs
from dnne_ros.cli.report import RunReport
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.exporting.writing import write_package
from dnne_ros.node_api.state import NodeState

EARLIER, NEW, LATER = 1, 2, 3
CARTPOLE = Path(__file__).parents[1] / "config/workflows/cartpole_ppo.json"


class CheckpointKind:
    """Two nodes and a policy interface, which are of one generation."""

    def write(self, folder, number):
        store = CheckpointStore(folder / "c")
        store.prepare()
        store.lock()
        generation = store.next_generation()
        try:
            files = {}
            for node in ("1", "2"):
                files.update(store.write_node(generation, node, NodeState(
                    {"w": torch.full((3,), float(number))}, {"t": torch.tensor(number)},
                    {"n": number})))
            store.commit(generation, {"1": "A", "2": "B"}, files, {}, {"number": number})
        except OSError:
            store.discard(generation)
            raise
        finally:
            store.unlock()

    def read(self, folder):
        try:
            checkpoint = Checkpoint.read(folder / "c")
        except InputError as error:
            assert "no checkpoint here" in str(error)
            return None
        found = {checkpoint.policy_interface()["number"]}
        for state in checkpoint.states().values():
            found |= {*state.weights["w"].tolist(), state.tensors["t"].item(), state.values["n"]}
        assert len(found) == 1
        return found.pop()

    def assert_tidy(self, folder):
        places = [path for path in (folder / "c").rglob("*") if path.is_file()]
        files = json.loads((folder / "c/checkpoint.json").read_text())["files"]
        assert {str(path.relative_to(folder / "c")) for path in places} == {
            *files, "checkpoint.json", ".lock"}


class PackageKind:
    """A package whose files are each of one export, and which the next export completes."""

    def files(self, number):
        return {"setup.py": b"%d" % number, "p/node.py": b"node %d" % number, "same": b"same",
                f"p/only_in_{number}.py": b"only"}

    def write(self, folder, number):
        write_package(folder / "src" / "p", self.files(number))

    def read(self, folder):
        package = folder / "src" / "p"
        if not package.exists():
            return None
        found = {str(path.relative_to(package)): path.read_bytes() for path in package.rglob("*")
                 if path.is_file()}
        numbers = [number for number in (EARLIER, NEW, LATER)
                   if found["setup.py"] == self.files(number)["setup.py"]]
        assert len(numbers) == 1 and found["same"] == b"same"
        assert found["p/node.py"] in [b"node %d" % number for number in (EARLIER, NEW, LATER)]
        return numbers[0]

    def assert_tidy(self, folder):
        files = json.loads((folder / "src/p/.dnne_export.json").read_text())["files"]
        assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} \
            == {"src/p/.dnne_export.json", *(f"src/p/{name}" for name in files)}


class FileKind:
    """One file."""

    def write(self, folder, number):
        write_file(folder / "file", b"%d is the number" % number)

    def read(self, folder):
        if not (folder / "file").exists():
            return None
        number, rest = (folder / "file").read_bytes().split(maxsplit=1)
        assert rest == b"is the number"
        return int(number)

    def assert_tidy(self, folder):
        assert os.listdir(folder) == ["file"]


@pytest.fixture(params=[CheckpointKind, PackageKind, FileKind])
def kind(request, monkeypatch):
    """Return how a kind of file is written and read; numbers tell one content from another."""
    monkeypatch.setattr(os, "fsync", lambda file: None)  # slow, and watched where it counts
    return request.param()


@pytest.fixture(params=[None, EARLIER], ids=["first", "again"])
def before(request):
    """Return the number of what is there before; None: nothing is."""
    return request.param


@pytest.fixture
def folders(kind, before, tmp_path):
    """Return what gives new folders with what is there before."""
    numbers = itertools.count()
    (tmp_path / "before").mkdir()
    if before is not None:
        kind.write(tmp_path / "before", before)

    def new():
        return shutil.copytree(tmp_path / "before", tmp_path / f"folder_{next(numbers)}")
    return new


def assert_recovers(kind, folder):
    kind.write(folder, LATER)
    assert kind.read(folder) == LATER


def interrupted(kind, folders, how):
    """Yield a folder for each call at which the writing of NEW ended, with the exception."""
    for at in itertools.count(1):
        folder = folders()
        with Watched(folder, **{how: at}).watching() as watched:
            try:
                kind.write(folder, NEW)
            except (Killed, OSError, InputError) as error:
                ended = error
            else:
                ended = None
        if watched.calls < at:
            assert at > 4 and kind.read(folder) == NEW
            return
        yield folder, ended


def test_a_writer_that_is_killed_at_any_call(kind, before, folders):
    for folder, ended in interrupted(kind, folders, "dies_at"):
        assert isinstance(ended, Killed)
        assert kind.read(folder) in (before, NEW)
        assert_recovers(kind, folder)
        if not isinstance(kind, FileKind):  # in a folder of the user's, nothing is swept
            kind.assert_tidy(folder)


def test_a_disk_that_is_full_at_any_call(kind, before, folders):
    for folder, ended in interrupted(kind, folders, "fails_at"):
        found = kind.read(folder)
        assert found in (before, NEW)
        assert ended is not None or found == NEW
        if found is not None and isinstance(kind, FileKind):
            kind.assert_tidy(folder)
        assert_recovers(kind, folder)
        kind.assert_tidy(folder)


def test_a_power_cut_at_any_moment(kind, before, folders, tmp_path):
    folder = folders()
    disk = PowerCuts(folder)
    with Watched(folder).watching() as watched:
        kind.write(folder, NEW)
    seen = set()
    for count, operation in enumerate(watched.record, 1):
        disk.do(*operation)
        for world in disk.worlds():
            is_last = count == len(watched.record)
            if (repr(world), is_last) in seen:
                continue
            seen.add((repr(world), is_last))
            place = tmp_path / f"world_{len(seen)}"
            put(world, place)
            found = kind.read(place)
            assert found == NEW if is_last else found in (before, NEW), operation
            assert_recovers(kind, place)
            shutil.rmtree(place)
    assert len(seen) > 3


def report(path, monkeypatch):
    run = RunReport(["main"])
    return write_outputs(SimpleNamespace(report=str(path), plot=None), run, "title")


def plot(path, monkeypatch):
    run = RunReport(["main"])
    return write_outputs(SimpleNamespace(report=None, plot=str(path), until_return=None), run, "t")


def page(path, monkeypatch):
    write_pages({path.name: "page"}, path.parent)


def figures(path, monkeypatch):
    from dnne_ros.cli.bench import run

    monkeypatch.setitem(sys.modules, "dnne_ros.bench.counting", SimpleNamespace(
        measure=lambda options, say: {"number": 1}, tables=lambda document: []))
    return run(SimpleNamespace(rounds=1, benchmark="counting", json=str(path), markdown=None))


def drawing(path, monkeypatch):
    return main(["graph", str(CARTPOLE), "-o", str(path)])


@pytest.mark.parametrize("write", [report, plot, page, figures, drawing])
def test_all_single_files_are_written_so(write, tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    with Watched(folder).watching() as watched:
        assert not write(folder / "file.md", monkeypatch)
    operations = [operation for operation, _ in itertools.groupby(watched.record,
                                                                  lambda each: each[0])]
    assert operations == ["create", "write", "fsync", "rename", "fsync"]
    assert watched.record[-1] == ("fsync", str(folder))
    assert os.listdir(folder) == ["file.md"] and (folder / "file.md").stat().st_size
