"""Bags that are none, or not whole: one line says what was expected and found."""

import shutil

import pytest

pytest.importorskip("rosbags")
from rosbags import rosbag2
from rosbags.typesys import Stores, get_typestore

from dnne_ros.cli.main import main
from dnne_ros.replaying.bag import Bag

COUNT = 50


@pytest.fixture(scope="module", params=["SQLITE3", "MCAP"])
def whole(request, tmp_path_factory):
    """A bag of numbers: its folder and its file."""
    store = get_typestore(Stores.ROS2_JAZZY)
    number = store.types["std_msgs/msg/Int64"]
    path = tmp_path_factory.mktemp("bag") / "bag"
    with rosbag2.Writer(path, version=9,
                        storage_plugin=rosbag2.StoragePlugin[request.param]) as writer:
        topic = writer.add_connection("/number", number.__msgtype__, typestore=store)
        for step in range(COUNT):
            writer.write(topic, step * 10**7, store.serialize_cdr(number(step),
                                                                  number.__msgtype__))
    return path, next(each for each in path.iterdir() if each.suffix != ".yaml")


@pytest.fixture
def bag(whole, tmp_path):
    """A copy of it."""
    return shutil.copytree(whole[0], tmp_path / "bag"), tmp_path / "bag" / whole[1].name


def told(capsys, path):
    """What the command says of it, in one line."""
    assert main(["replay", str(path), "--workflow", "none.json"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"dnne-ros: {path.parent}") and said.count("\n") == 1, said
    return said


def test_a_folder_without_a_description(bag, capsys):
    folder, file = bag
    (folder / "metadata.yaml").unlink()
    assert f"expected the folder of a bag, with metadata.yaml, found {file.name} in it" \
        in told(capsys, folder)


@pytest.mark.parametrize("text", ["a: [", "- 1", "rosbag2_bagfile_information: {version: 9}", ""])
def test_a_description_of_something_else(bag, capsys, text):
    (bag[0] / "metadata.yaml").write_text(text)
    assert "expected what rosbag2 writes to metadata.yaml, found something else" \
        in told(capsys, bag[0])


@pytest.mark.parametrize("alone", [False, True], ids=["folder", "file"])
@pytest.mark.parametrize("kept", [0, 5, 60, 1500])
def test_a_file_that_is_cut_off(bag, capsys, kept, alone):
    folder, file = bag
    file.write_bytes(file.read_bytes()[:kept])
    said = told(capsys, file if alone else folder)
    assert "expected a" in said and "bag of rosbag2" in said and "found" in said
    if file.suffix == ".mcap" and kept >= 8:
        assert f"an MCAP file without an end, cut off at {kept:,} bytes" in said


def test_a_file_that_is_missing(bag, capsys):
    bag[1].unlink()
    assert f"missing: {bag[1]}" in told(capsys, bag[0])


@pytest.mark.parametrize("name", ["text.txt", "text.mcap", "text.db3"])
def test_a_file_of_another_kind(tmp_path, capsys, name):
    (tmp_path / name).write_text("something else")
    assert "begins with b'somethin'" in told(capsys, tmp_path / name)


def test_what_can_be_read_is_read_and_the_rest_is_told(bag, monkeypatch):
    found = Bag(bag[0])
    assert len(list(found.messages(["/number"]))) == COUNT and not found.damage
    read = found._reader.messages

    def break_off(connections):
        for place, message in enumerate(read(connections)):
            if place == 7:
                raise ValueError("[record]\nof 3 bytes")
            yield message

    monkeypatch.setattr(found._reader, "messages", break_off)
    assert len(list(found.messages(["/number"]))) == 7
    assert found.damage == (f"{bag[0]} is damaged: expected {COUNT} messages of what the graph "
                            "hears, found 7, and then: record of 3 bytes")
    found.close()
