"""Rows of CSV files as streams: when they go out, where they end, what is wrong with a file."""

import json

import pytest

from dnne_ros.errors import InputError
from dnne_ros.nodes.sources.data_streamer import DataStreamer
from dnne_ros.testing import InstantClock, ManualClock, NodeDriver


@pytest.fixture
def node(tmp_path):
    """Return a node that streams a file of the given text."""
    def make(text="a,b\n1,10\n2,20\n3,30\n", name="rows.csv", **values):
        path = tmp_path / name
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return DataStreamer({"src_path": str(path), **values})
    return make


def words(context):
    """Return what was sent behind the metadata: the first number of a row, or an output."""
    assert context.sent[0][0] == "metadata"
    return [int(value[0, 0]) if port == "data" else port for port, value in context.sent[1:]]


@pytest.mark.parametrize("values, expected", [
    ({}, [1, 2, 3]), ({"eof_mode": "pulse_done"}, [1, 2, 3, "done"])])
def test_rows_go_out_to_the_last_one(drive, node, values, expected):
    async def script(context):
        await context.sends(99, or_is_through=True)

    context = drive(node(**values), script, [])
    assert words(context) == expected
    row = context.outputs("data")[1]
    assert row.tolist() == [[2, 20]] and str(row.dtype) == "torch.float32"


@pytest.mark.parametrize("values, expected", [
    ({"loop_data": True}, [1, 2, 3, 1, 2, 3, 1]),
    ({"loop_data": True, "eof_mode": "pulse_done"}, [1, 2, 3, 1, 2, 3, 1]),
    ({"eof_mode": "hold_last"}, [1, 2, 3, 3, 3, 3, 3])])
def test_rows_that_go_on_behind_the_last_one(drive, node, values, expected):
    async def script(context):
        await context.sends(8)

    assert words(drive(node(**values), script, []))[:7] == expected


@pytest.mark.parametrize("values, syncs, expected", [
    ({}, 0, [1]), ({}, 2, [1, 2, 3]), ({}, 5, [1, 2, 3]),
    ({"auto_first_row": False}, 0, []), ({"auto_first_row": False}, 2, [1, 2]),
    ({"eof_mode": "pulse_done"}, 5, [1, 2, 3, "done"]),
    ({"eof_mode": "hold_last"}, 3, [1, 2, 3, 3]), ({"loop_data": True}, 3, [1, 2, 3, 1])])
def test_a_row_for_each_sync(drive, node, values, syncs, expected):
    async def script(context):
        context.feed("sync", *[None] * syncs)
        await context.idle()

    assert words(drive(node(sync_mode="external", **values), script, ["sync"])) == expected


@pytest.mark.parametrize("values, expected", [
    ({"sync_mode": "external"}, [1, 2, 1, 2]),
    ({"sync_mode": "external", "auto_first_row": False}, [1, 1]),
    ({}, [1, 2, 3, 1, 2, 3]), ({"eof_mode": "pulse_done"}, [1, 2, 3, "done", 1, 2, 3, "done"])])
def test_a_reset_begins_again(drive, node, values, expected):
    async def script(context):
        for port in ("sync", "reset", "sync"):
            context.feed(port, None)
            await context.idle()

    # Syncs count for nothing unless they are asked for, and hold nobody back.
    assert words(drive(node(**values), script, ["sync", "reset"])) == expected


def test_a_rate_by_the_nodes_clock(run_async, node):
    async def script():
        clock, seen = ManualClock(), []
        streamer = node(sync_mode="timed", frequency_hz=4.0, loop_data=True)
        async with NodeDriver(streamer, [], clock=clock) as context:
            for seconds in (0.0, 0.25, 0.2, 0.05):
                clock.advance(seconds)
                await clock.until_asleep()
                seen.append(len(context.outputs("data")))
        return seen

    assert run_async(script()) == [1, 2, 2, 3]


def test_what_is_said_of_the_file(drive, node, tmp_path):
    (tmp_path / "rows_metadata.json").write_text(json.dumps({"robot": "arm", "total_rows": 9}))

    async def script(context):
        await context.sends(1)

    values = {"sync_mode": "timed", "frequency_hz": 50.0}
    metadata, = drive(node(**values), script, [], clock=InstantClock()).outputs("metadata")
    assert metadata == {
        "robot": "arm", "file_path": str(tmp_path / "rows.csv"), "total_rows": 3,
        "num_columns": 2, "sync_mode": "timed", "frequency_hz": 50.0, "column_names": ["a", "b"]}


@pytest.mark.parametrize("text, values, expected", [
    ("1;2\n3;4\n", {"delimiter": ";", "skip_header": False}, [[1, 2], [3, 4]]),
    ("x\ty\n1\t2\n", {"delimiter": "\\t"}, [[1, 2]]),
    ("\ufeffa,b\r\n 1e3 , -2.5\r\n\r\n", {}, [[1000, -2.5]]),
    ('a\n"7"\n', {}, [[7]])])
def test_files_in_several_spellings(drive, node, text, values, expected):
    async def script(context):
        await context.sends(99, or_is_through=True)

    rows = drive(node(text, **values), script, []).outputs("data")
    assert [row.tolist()[0] for row in rows] == expected


@pytest.mark.parametrize("text, expected", [
    (None, "cannot read: No such file or directory"),
    ("", "expected at least one row of numbers"), ("a,b\n", "expected at least one row"),
    ("a,b\n1,x\n", "line 2, column 2: expected a finite number, found 'x'"),
    ("a,b\n1,2\n\n3,nan\n", "line 4, column 2: expected a finite number, found 'nan'"),
    ("a,b\n1,1e99\n", "line 2, column 2: expected a finite number, found '1e99'"),
    ("a,b\n1,2\n3\n", "line 3: expected 2 columns as in the first line, found 1"),
    (b"a,b\n\xff,2\n", "expected text in UTF-8")])
def test_files_that_are_no_table_are_named(drive, node, tmp_path, text, expected):
    with pytest.raises(InputError) as caught:
        drive(node(text), None, [])
    assert str(tmp_path / "rows.csv") in str(caught.value) and expected in str(caught.value)


def test_several_problems_are_told_at_once_but_not_hundreds(drive, node):
    with pytest.raises(InputError) as caught:
        drive(node("a\n" + "x\n" * 900), None, [])
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("text", ["{", "[1]", "\xff"])
def test_notes_that_are_no_object_are_named(drive, node, tmp_path, text):
    (tmp_path / "rows_metadata.json").write_bytes(text.encode("latin1"))
    with pytest.raises(InputError, match="rows_metadata.json: expected"):
        drive(node(), None, [])


def test_external_without_a_sync_is_refused(drive, node):
    with pytest.raises(InputError, match="sync: nothing is linked to it; expected a trigger"):
        drive(node(sync_mode="external"), None, ["reset"])


@pytest.mark.parametrize("values, expected", [
    ({"src_path": " "}, "src_path: expected a file's path"),
    *(({"delimiter": text}, "delimiter: expected one character")
      for text in ("", ",,", "\n", '"', "a", "1"))])
def test_settings_that_mean_nothing_are_refused(values, expected):
    problem, = DataStreamer.validate_parameters(DataStreamer(values).values)
    assert problem.startswith(expected)


def test_a_run_that_goes_on_gives_the_next_row(run_async, node):
    async def script():
        async with NodeDriver(node(sync_mode="external"), ["sync"]) as context:
            context.feed("sync", None)
            await context.idle()
            state = (await context.save()).state
        async with NodeDriver(node(sync_mode="external"), ["sync"], state=state) as context:
            await context.idle()
            with pytest.raises(ValueError, match="expected a file of at least 2 rows, found 1"):
                other = node("a\n1\n", "other.csv", sync_mode="external")
                other.context = context
                other.setup()
                other.load_state(state)
        return words(context)

    assert run_async(script()) == [3]


def test_positional_widgets_of_workflow_files():
    assert " ".join(DataStreamer.widgets) == (
        "src_path sync_mode frequency_hz auto_first_row loop_data eof_mode delimiter skip_header")
    assert "dest_dir" in DataStreamer.retired_widgets
