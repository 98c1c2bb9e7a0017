"""The commands of the page about debugging, as printed: in a shell, and at the prompt."""

import re
import shlex
import subprocess
import sys

import pytest
from domains import users_environment
from python_path import python_path

pytest.importorskip("rclpy")
pytestmark = pytest.mark.slow

CHAPTER = re.compile(r"^## (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "(debug) "


@pytest.fixture
def read(tmp_path, start_command, repository):
    """Return what types what a chapter says; it returns what was printed, by the line."""
    (tmp_path / "config").symlink_to(repository / "config")
    graphs = []

    def words_of(line):
        return [found for word in shlex.split(line.removesuffix("&"))
                for found in (map(str, tmp_path.glob(word)) if "*" in word else [word])]

    def at_prompt(line, typed):
        environment = {**users_environment(), "PYTHONPATH": python_path(repository)}
        return subprocess.run(
            [sys.executable, "-m", "dnne_ros", *words_of(line)[1:]], cwd=tmp_path, text=True,
            input="".join(f"{each}\n" for each in typed), env=environment, check=True,
            stdout=subprocess.PIPE).stdout

    def follow(chapter):
        said = {}
        parts = CHAPTER.split((repository / "docs" / "debugging.md").read_text(encoding="utf-8"))
        text = dict(zip(parts[1::2], parts[2::2], strict=True))[chapter]
        blocks = BLOCK.findall(text)
        for (language, script), (following, typed) in zip(
                blocks, [*blocks[1:], ("", "")], strict=True):
            lines = script.splitlines() if language == "sh" else []
            for line in lines:
                if line.endswith("&"):
                    graphs.append(start_command(
                        "dnne_ros", *words_of(line)[1:], folder=tmp_path))
                    graphs[-1].until(lambda: graphs[-1].output, "its first words")
                elif line is lines[-1] and following == "text":
                    said[line] = at_prompt(line, [each.removeprefix(PROMPT)
                                                  for each in typed.splitlines()])
                else:
                    command = start_command("dnne_ros", *words_of(line)[1:], folder=tmp_path)
                    assert command.wait() == 0 or "--flight-dir" in line, command.output
                    said[line] = command.output
        return said

    yield follow
    for graph in graphs:
        graph.kill()


def test_a_graph_is_debugged_by_single_commands(read):
    said = list(read("By single commands").values())
    broken, gone, cleared, stepped, shown, paused, listed, left = said
    assert "breakpoint 1: → ppo_trainer_6/reward if nan or max(reward) < 0.997" in broken
    assert "paused by breakpoint 1" in gone and "Tensor float32 16" in gone
    assert "breakpoint" not in cleared.partition("\n")[2]
    assert "paused by step: item " in stepped and "(step)" in stepped
    assert "Tensor float32 16" in shown
    assert "paused by boundary" in paused and "paused by boundary" in listed
    assert left == "/cartpole_ppo: goes on\n"


@pytest.mark.long
def test_a_graph_is_debugged_at_the_prompt(read):
    [said] = read("At a prompt").values()
    assert "break PLACE [if COND]" in said and "paused by step" in said
    assert "paused by breakpoint 1 (ppo_agent_3 if max(abs(item)) > 0.2)" in said
    assert "watchpoint 2: isaac_gym_step_4/done" in said and "paused by boundary" in said
    assert "from " in said and "ended: interrupted" in said


def test_a_flight_record_is_stepped_through(read):
    *_, said = read("A flight record").values()
    assert "took" in said and "breakpoint 1: vision_network_4 if number >= 1" in said
    assert "at the beginning" in said and "breakpoint 1: [" in said
