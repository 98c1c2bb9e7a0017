"""Runs that are recorded: complete, as others read them, and the same when they are replayed."""

import argparse
import errno
import io
import json
import os
import re
import signal
import sys
from collections import defaultdict
from pathlib import Path

import pytest

pytest.importorskip("mcap")
from mcap.reader import NonSeekingReader, make_reader

from dnne_ros.cli.main import main
from dnne_ros.cli.record import end_recording
from dnne_ros.cli.report import RunReport
from dnne_ros.recording import shared_file
from dnne_ros.recording.scan import scan

NODES = ("isaac_gym_env_1", "or_2", "ppo_agent_3", "isaac_gym_step_4", "cartpole_action_5",
         "ppo_trainer_6", "display_7")
ENVS, UPDATES = 16, 3


@pytest.fixture(scope="module")
def recorded(shared_folder, start_command, cartpole):
    """Return the folder with a run's ``run.mcap`` and ``report.json``, for a placement."""
    def record(place):
        def fill(folder):
            run = start_command("dnne_ros", "run", cartpole, "--quiet", "--place", place,
                                "--set", f"1.num_envs={ENVS}", "--max-updates", UPDATES,
                                "--peer-timeout", "1h", "--record", "run.mcap", "--seed", "5",
                                "--report", "report.json", folder=folder)
            assert run.wait() == 0, run.output
        return shared_folder(f"recorded_{place}", fill)
    return record


def items(path):
    """Return the bytes of each item by topic, as the library reads them."""
    found = defaultdict(list)
    reader = make_reader(io.BytesIO(Path(path).read_bytes()), validate_crcs=True)
    for _, channel, message in reader.iter_messages(log_time_order=False):
        if channel.metadata["of"] in ("output", "changes"):
            found[channel.topic].append(message.data)
            assert message.sequence == len(found[channel.topic]), channel.topic
    return dict(found)


def chunks(path):
    """Return where the chunks of a file are."""
    with Path(path).open("rb") as file:
        return scan(str(path), file.fileno()).chunks


def replayed(capsys, *arguments):
    """Return the exit code of ``dnne-ros replay``, and what it printed."""
    capsys.readouterr()
    code = main(["replay", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


@pytest.mark.slow
@pytest.mark.parametrize("place", ["fused", "split"])
def test_each_item_is_recorded_once(recorded, place):
    found = items(recorded(place) / "run.mcap")
    report = json.loads((recorded(place) / "report.json").read_text())
    for edge in report["edges"]:
        topic = "/cartpole_ppo/" + edge["name"].partition(" → ")[0]
        if not topic.endswith("sim_handle"):
            assert len(found[topic]) == edge["sent"], topic
    assert len(found["/cartpole_ppo/ppo_trainer_6/loss"]) == UPDATES


@pytest.mark.slow
def test_fused_and_split_the_same_items_are_recorded(recorded):
    one, other = (items(recorded(place) / "run.mcap") for place in ("fused", "split"))
    # What a display shows, and when, is a matter of time.
    assert one.keys() - {"/cartpole_ppo/display_7/text"} \
        == other.keys() - {"/cartpole_ppo/display_7/text"}
    for topic, messages in one.items():
        if "display" not in topic:
            least = min(len(messages), len(other[topic]))  # one may have been a step further
            assert least >= len(messages) - 1 and messages[:least] == other[topic][:least], topic


@pytest.mark.slow
def test_other_programs_read_all_of_it(recorded):
    pytest.importorskip("rosbags")
    decoder = pytest.importorskip("mcap_ros2.decoder")
    from rosbags.highlevel import AnyReader

    path = recorded("split") / "run.mcap"
    theirs = defaultdict(int)
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[decoder.DecoderFactory()])
        for _, channel, _, message in reader.iter_decoded_messages():
            theirs[channel.topic] += 1
            assert message is not None
        names = {each.name for each in reader.iter_attachments()}
        metadata = {each.name: each.metadata for each in reader.iter_metadata()}
    assert names == {"workflow.json"}
    assert metadata["dnne_ros/run"]["seed"] == "5"
    assert json.loads(metadata["dnne_ros/node/isaac_gym_env_1"]["values"])["num_envs"] == ENVS
    with AnyReader([path]) as reader:
        ours = defaultdict(int)
        for connection, _, data in reader.messages():
            reader.deserialize(data, connection.msgtype)
            ours[connection.topic] += 1
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_run_replayed_gives_the_same(recorded, place, capsys, tmp_path):
    folder = recorded(place)
    code, said = replayed(capsys, folder / "run.mcap", "--check", "--report", tmp_path / "r.json")
    assert code == 0, said
    assert "no difference" in said
    report = json.loads((tmp_path / "r.json").read_text())
    found = items(folder / "run.mcap")
    assert sum(each["compared"] for each in report["outputs"]) == sum(map(len, found.values()))
    assert report["losses"] == json.loads((folder / "report.json").read_text())["losses"]
    assert len(report["losses"]) == UPDATES


@pytest.mark.slow
@pytest.mark.parametrize("node", NODES)
def test_each_node_replayed_alone_gives_the_same(recorded, node, capsys):
    code, said = replayed(capsys, recorded("split") / "run.mcap", "--check", "--nodes", node)
    assert code == 0, said
    assert "no difference" in said
    assert ("isaac_gym_env_1 runs again, too" in said) == (node == "isaac_gym_step_4")


@pytest.mark.slow
def test_a_changed_sign_is_found_at_its_first_item(recorded, capsys, monkeypatch):
    from dnne_ros.nodes.simulation.cartpole import CartpoleActionNode

    compute = CartpoleActionNode.compute
    monkeypatch.setattr(CartpoleActionNode, "compute", lambda self, network_output: {
        "action": -compute(self, network_output)["action"]})
    code, said = replayed(capsys, recorded("fused") / "run.mcap", "--check")
    assert code == 1
    assert "the first: cartpole_action_5/action item 1[0, 0]: recorded" in said
    assert "also from" not in said  # the others were given what was recorded


@pytest.mark.slow
def test_a_changed_widget_is_found(recorded, capsys):
    code, said = replayed(capsys, recorded("fused") / "run.mcap", "--check", "--nodes",
                          "ppo_trainer_6", "--set", "6.learning_rate=0.5")
    assert code == 1
    assert "the first: ppo_trainer_6/" in said and "item 1" in said


@pytest.mark.slow
def test_another_graph_is_told_from_the_recorded_one(recorded, repository, capsys):
    code, said = replayed(capsys, recorded("fused") / "run.mcap", "--check", "--workflow",
                          repository / "config" / "workflows" / "mnist_mlp.json")
    assert code == 2
    assert "it is a recording of another graph" in said


@pytest.mark.slow
def test_a_part_of_a_recording_is_checked(recorded, capsys, tmp_path):
    data = (recorded("split") / "run.mcap").read_bytes()
    last = chunks(recorded("split") / "run.mcap")[-1]
    (tmp_path / "cut.mcap").write_bytes(data[:last.data + last.compressed // 2])
    code, said = replayed(capsys, tmp_path / "cut.mcap", "--check")
    assert code == 0, said
    assert "it is read up to there" in said and "no difference" in said
    spoilt = bytearray(data)
    spoilt[last.data + last.compressed // 2] ^= 1
    (tmp_path / "spoilt.mcap").write_bytes(spoilt)
    code, said = replayed(capsys, tmp_path / "spoilt.mcap", "--check")
    assert code == 0, said
    assert "it is read up to there" in said and "no difference" in said


@pytest.mark.slow
def test_where_nothing_is_left_to_compare_nothing_was_checked(recorded, capsys, tmp_path):
    data = (recorded("fused") / "run.mcap").read_bytes()
    begin = chunks(recorded("fused") / "run.mcap")[0].offset
    (tmp_path / "cut.mcap").write_bytes(data[:begin + 99])
    code, said = replayed(capsys, tmp_path / "cut.mcap", "--check")
    assert code == 2 and "it is read up to there" in said
    assert "cut.mcap: expected items to run nodes on and to compare, found none" in said


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "expected"), [
    (("--nodes", "agent"), "display_7; found 'agent'"),
    (("--workflow", "none.json"), "none.json"),
    (("--set", "6.gamma"), "expected NODE.WIDGET=VALUE"),
])
def test_what_cannot_be_replayed_is_told(recorded, capsys, arguments, expected):
    code, said = replayed(capsys, recorded("fused") / "run.mcap", "--check", *arguments)
    assert code == 2
    assert expected in said


def test_what_is_no_recording_is_told(tmp_path, capsys):
    (tmp_path / "a.mcap").write_text("something else")
    assert replayed(capsys, tmp_path / "a.mcap")[0] == 2
    code, said = replayed(capsys, tmp_path / "none.mcap")
    assert code == 2 and "cannot read: No such file" in said


@pytest.mark.slow
def test_killed_at_once_it_leaves_what_is_whole(start_run, cartpole, tmp_path, capsys):
    path = tmp_path / "run.mcap"
    run = start_run(cartpole, "--place", "split", "--set", f"1.num_envs={ENVS}",
                    "--record", path)
    run.until(lambda: path.exists() and path.stat().st_size > 2**18, "some chunks")
    for process in run.family():
        os.kill(process, signal.SIGKILL)
    run.wait()
    found = defaultdict(list)
    with path.open("rb") as file:
        try:
            for _, channel, message in NonSeekingReader(file).iter_messages(log_time_order=False):
                found[channel.topic].append(message.sequence)
        except Exception as error:  # the library says that the file has no end
            assert "EndOfFile" in type(error).__name__, error
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in found.values())
    assert len(found["/cartpole_ppo/ppo_agent_3/policy_output"]) > 1
    code, said = replayed(capsys, path, "--check")
    assert code == 0, said
    assert "no difference" in said


@pytest.mark.slow
def test_a_copy_that_records_into_the_same_file_is_refused(start_run, cartpole, tmp_path, capsys):
    path = tmp_path / "run.mcap"
    record = (cartpole, "--quiet", "--set", f"1.num_envs={ENVS}", "--record", path, "--split",
              "1MB")
    first = start_run(*record, "--max-env-steps", "60_000")
    first.until((tmp_path / "run_1.mcap").exists, "another file")
    copy = start_run(*record, "--ros-args", "-r", "__ns:=/copy")
    assert copy.wait() == 2
    assert f"dnne-ros: --record {path}: {path}: another run records into it\n" in copy.output
    assert first.wait() == 0, first.output
    code, said = replayed(capsys, path, "--check", "--nodes", "or_2")
    assert code == 0 and "warning" not in said, said


@pytest.mark.slow
@pytest.mark.parametrize("must", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_full_disk_ends_the_recording(start_command, cartpole, tmp_path, capsys, must):
    run = start_command(["prlimit", f"--fsize={2**20}", sys.executable, "-m", "dnne_ros", "run",
                         cartpole, "--quiet", "--set", f"1.num_envs={ENVS}", "--max-updates", "60",
                         "--record", "run.mcap", "--peer-timeout", "1h",
                         *(["--record-must"] if must else [])], folder=tmp_path, cold=True)
    code = run.wait()
    stopped = re.findall(r"--record: nothing more of process (\S+) is recorded: .*File too large",
                         run.output)
    assert stopped and len({*stopped}) == len(stopped)
    assert code == int(must), run.output
    assert ("ended: unrecorded" in run.output) == must
    assert ("--record-must: " in run.output) == must
    code, said = replayed(capsys, tmp_path / "run.mcap", "--check")
    assert code == 0, said
    assert "no difference" in said


@pytest.mark.parametrize("must", [False, True])
def test_without_room_for_its_end_a_recording_fails_a_run_only_if_it_must_be(
        monkeypatch, capsys, must):
    def fill(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(shared_file, "finish_left_over", fill)
    failed = end_recording(argparse.Namespace(record="a.mcap", record_must=must), RunReport([]))
    said = "a.mcap: has no end, but can be replayed: No space left on device"
    assert failed == ([f"--record-must: {said}"] if must else [])
    assert capsys.readouterr().err == ("" if must else f"warning: --record: {said}\n")


@pytest.mark.parametrize(("arguments", "expected"), [
    (("--record", "a.bag"), "expected a name that ends in .mcap, found 'a.bag'"),
    (("--record", "no/a.mcap"), "is not a directory that can be written"),
    (("--record", "a.mcap", "--record-edges", "agent,isaac"),
     "--record-edges: expected all, or some of isaac_gym_env_1, "),
    (("--record", "a.mcap", "--record-edges", "isaac_gym_env_1/sim_handle"),
     "--record-edges: isaac_gym_env_1/sim_handle gives objects and no messages"),
    (("--record-must", "--split", "5MB"), "expected --record FILE.mcap, too"),
    (("--record", "a.mcap", "--split", "5"), "expected a size from 1MB"),
])
def test_what_cannot_be_recorded_is_told_before_the_run(command, cartpole, arguments, expected):
    done = command("run", cartpole, *arguments)
    assert done.returncode == 2
    assert expected in done.stderr
