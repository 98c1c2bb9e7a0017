"""Runs that are paused, stepped and broken: nothing is lost by it, and no number changes."""

import copy
import json

import pytest
from cartpole_drawings import _add, _link, unlink

REWARD = "isaac_gym_step_4/rewards -> ppo_trainer_6/reward"
SPOILER = '''
from dnne_ros import Input, Node, Output, Tensor, Widget


class SpoilNode(Node):
    """Make a number of one item NaN."""

    category = "tests"
    fine = Input(Tensor(), "Numbers.")
    spoilt = Output(Tensor(), "The same, but for one of an item.")
    item = Widget(40, "Which item.")

    def setup(self):
        """Have had none."""
        self.count = 0

    def compute(self, fine):
        """Count, and spoil."""
        self.count += 1
        if self.count == self.item:
            fine = fine.clone()
            fine[3] = float("nan")
        return {"spoilt": fine}
'''


@pytest.mark.parametrize("placed", [
    "fused", pytest.param("split", marks=pytest.mark.long)])
def test_a_hundred_steps_lose_nothing_and_change_no_loss(
        ros_loop, start_paused, attach, report, cartpole, losses, placed):
    run = start_paused(cartpole, "--max-updates", "20", "--place", placed)
    numbers = []

    async def main():
        graph = await attach()
        assert (await graph.state())["why"] == "--paused"
        for _ in range(100):
            await graph.do("step", REWARD)
            state = await graph.stopped(None)
            (item,) = [each for each in state["items"] if each["why"] == "step"]
            assert item["edge"] == REWARD.replace("->", "→")
            assert item["view"]["shape"] == [16] and item["view"]["dtype"] == "float32"
            numbers.append(item["number"])
        await graph.do("go")

    ros_loop.run(main(), run)
    assert run.wait() == 0, run.output
    assert numbers == list(range(1, 101))
    assert len(losses) == 20 and report()["losses"] == losses
    assert all(edge["lost"] == edge["dropped"] == 0 for edge in report()["edges"])
    assert "not moved" not in run.output and "nothing has moved" not in run.output


@pytest.fixture
def spoilt(cartpole, tmp_path):
    """Return Cartpole with a node that makes the 40th reward NaN, and the file of that node."""
    (tmp_path / "spoil.py").write_text(SPOILER)
    document = copy.deepcopy(json.loads(cartpole.read_text()))
    unlink(document, 6, 2)
    node = _add(document, "SpoilNode", [("fine", "TENSOR")], [("spoilt", "TENSOR")],
                widgets_values=[40])
    _link(document, 4, 1, node, 0, "TENSOR")
    _link(document, node, 0, 6, 2, "TENSOR")
    path = tmp_path / "spoilt.json"
    path.write_text(json.dumps(document))
    return path, "--nodes", tmp_path / "spoil.py"


@pytest.mark.parametrize("placed", [
    "fused", pytest.param("split", marks=pytest.mark.long)])
def test_a_training_graph_stops_at_the_item_with_nan(
        ros_loop, start_paused, attach, spoilt, placed):
    run = start_paused(*spoilt, "--place", placed)

    async def main():
        graph = await attach()
        await graph.do("break", "ppo_trainer_6/reward", "nan")
        await graph.do("go")
        state = await graph.stopped(None)
        assert state["why"] == ("breakpoint 1 (→ ppo_trainer_6/reward if nan): item 40 at input "
                                "reward of ppo_trainer_6")
        (item,) = [each for each in state["items"] if each["why"]]
        assert item["number"] == 40 and item["view"]["nan"] == 1
        assert item["view"]["values"][3] == "nan"
        assert [each["hits"] for each in state["breakpoints"]] == [1]
        await graph.do("go")  # the trainer has it now, and says what is wrong

    ros_loop.run(main(), run)
    assert run.wait() == 1 and "environment 3 is nan" in run.output, run.output
