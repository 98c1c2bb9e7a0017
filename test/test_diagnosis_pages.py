"""The commands of the pages from a symptom to its cause, as printed."""

import json
import re
import shlex

import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.slow

OTHERWISE = {"--duration 10s": "--duration 2s", "--duration 60s": "--duration 1h",
             "num_envs=64": "num_envs=1024"}
"""Fewer steps, so that there is less to be made sense of; and what goes on until it is ended."""
CHAPTER = re.compile(r"^## (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""Commands, or what they print."""


@pytest.fixture
def read(tmp_path, start_command, repository):
    """Return what types the commands of chapters, in a folder with the workflows that ship.

    It returns what the commands printed that came to an end, by their line.
    """
    (tmp_path / "config").symlink_to(repository / "config")
    graphs = []

    def run(line):
        words = [found for word in shlex.split(line.removesuffix("&"))
                 for found in ([*map(str, tmp_path.glob(word))] if "*" in word else [word])]
        return start_command(*[words[0].replace("-", "_"), *words[1:]], folder=tmp_path,
                             separate=True)

    def follow(page, *chapters):
        said = {}
        parts = CHAPTER.split((repository / "docs" / page).read_text(encoding="utf-8"))
        for title, text in zip(parts[1::2], parts[2::2], strict=True):
            for line in [line for language, script in BLOCK.findall(text)
                         if language == "sh" and title in chapters
                         for line in script.splitlines()]:
                for long, short in OTHERWISE.items():
                    line = line.replace(long, short)
                if line.startswith(("sleep", "ros2")):
                    continue  # each command takes a while; and for ros2: test_flight_records.py
                if line.endswith("&"):
                    graphs.append(run(line))
                    graphs[-1].until(lambda: graphs[-1].output, "its first words")
                else:
                    said[line] = run(line)
                    said[line].wait()
        return said

    yield follow
    for graph in graphs:
        graph.kill()


@pytest.mark.long
def test_what_sets_the_pace_of_cartpole_is_found(read):
    said = read("slow_graph.md", "Is it slow, and where?", "What sets the pace?")
    assert {done.returncode for done in said.values()} == {0}, [
        done.said() for done in said.values()]
    top, *_, analyze = said.values()
    assert "ppo_trainer_6" in top.output
    assert "what sets the pace" in analyze.output and "work of ppo_trainer_6" in analyze.output


@pytest.mark.long
def test_the_profile_of_cartpole_is_made(read, tmp_path):
    [done] = read("slow_graph.md", "Which code is it?").values()
    assert done.returncode == 0, done.said()
    assert "work of ppo_trainer_6" in done.output
    figures = json.loads((tmp_path / "profile" / "profile.json").read_text())
    assert figures["step"]["steps_per_s"] > 0


@pytest.mark.long
def test_the_quickest_placement_of_cartpole_is_found_and_taken(read):
    place, run = read("slow_graph.md", "Would another placement be quicker?").values()
    assert (place.returncode, run.returncode) == (0, 0), place.said() + run.said()
    assert "× fused" in place.output


def test_what_happened_on_the_robot_is_found(read, tmp_path):
    said = read("what_happened.md", "The run has ended")
    run, analyze, join = said.values()
    assert run.returncode == 1, run.said()
    [record] = (tmp_path / "records").iterdir()
    assert f"what led to it: dnne-ros trace analyze {record}" in run.errors
    assert (analyze.returncode, join.returncode) == (0, 0), analyze.said() + join.said()
    assert "vision_network_4" in analyze.output.split("where each port was")[0]
    assert (tmp_path / "for_perfetto.json").stat().st_size > 1000


def test_what_a_running_robot_did_is_put_aside(read, tmp_path):
    said = read("what_happened.md", "The run goes on, but did something strange",
                "A process was killed")
    assert {done.returncode for done in said.values()} == {0}, [
        done.said() for done in said.values()]
    assert len(list((tmp_path / "records").iterdir())) == 2
