"""Report and plot: what cannot be written is told, and costs nothing else."""

import errno
import os
from types import SimpleNamespace

import pytest

from dnne_ros.cli.outputs import check_outputs, write_outputs
from dnne_ros.cli.report import RunReport
from dnne_ros.errors import InputError


def options(tmp_path, **given):
    return SimpleNamespace(**{"report": str(tmp_path / "r.json"), "plot": str(tmp_path / "p.png"),
                              "trace": None, "record": None, "video": None, "flight_dir": None,
                              "trace_records": 1000,
                              "until_return": None, **given})


@pytest.mark.parametrize("fails, whole", [(b"{", "p.png"), (b"\x89PNG", "r.json")],
                         ids=["report", "plot"])
def test_a_file_that_cannot_be_written_does_not_cost_the_other(
        tmp_path, monkeypatch, fails, whole):
    write = os.write

    def full(file, data):
        if bytes(data).startswith(fails):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    monkeypatch.setattr(os, "write", full)
    [trouble] = write_outputs(options(tmp_path), RunReport(["main"]), "title")
    assert trouble.endswith(": cannot be written: No space left on device")
    assert os.listdir(tmp_path) == [whole]


def test_links_are_replaced(tmp_path):
    (tmp_path / "precious").write_text("precious")
    for name in ("r.json", "p.png", "r.json.part", "p.png.part"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    assert write_outputs(options(tmp_path), RunReport(["main"]), "title") == []
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "r.json").is_symlink()


@pytest.mark.parametrize("option", ["report", "plot", "trace", "record", "video", "flight_dir"])
@pytest.mark.parametrize("folder", ["/proc/nowhere", "{}/file", "{}/file/below"])
def test_where_nothing_can_be_written_is_refused_before_the_run(tmp_path, option, folder):
    """Also where rights say that one may, as of a superuser or on a disk that is read-only."""
    (tmp_path / "file").write_text("a file")
    file = folder.format(tmp_path) + ("" if option == "flight_dir" else "/x.mcap")
    with pytest.raises(InputError, match=f"--{option.replace('_', '-')} .* is not a directory"):
        check_outputs(options(tmp_path, **{option: file}))


def test_more_records_than_there_is_room_for_are_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match="--trace-records: expected what has room in") as error:
        check_outputs(options(tmp_path, trace=str(tmp_path / "t.json"), trace_records=10**11))
    assert len(error.value.problems) == 1


def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path):
    check_outputs(options(tmp_path, flight_dir=str(tmp_path / "a" / "b")))
    assert os.listdir(tmp_path) == []


def test_a_device_is_refused_before_the_run(tmp_path):
    """Renamed over, it would be one no more."""
    os.mkfifo(tmp_path / "pipe")
    for file in ("/dev/null", tmp_path / "pipe"):
        with pytest.raises(InputError, match="is not a regular file"):
            check_outputs(options(tmp_path, report=str(file)))
        with pytest.raises(InputError, match="is not a regular file"):
            check_outputs(options(tmp_path, trace=str(file)))
