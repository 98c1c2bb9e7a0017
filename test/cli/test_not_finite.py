"""A number that is none ends a run, by name, and what was learned before stays."""

import json

import pytest
from safetensors.torch import load_file

SPOIL = '''\
from dnne_ros import Input, Node, Output, Tensor, Widget


class SpoilNode(Node):
    """Pass numbers on; from item ``at`` on, the first of environment 2 is another one."""

    values = Input(Tensor("float32"), "Numbers.")
    spoiled = Output(Tensor("float32"), "The same, but one.")
    at = Widget(20, "The item, from 1.")
    number = Widget("nan", "nan, inf or big.")

    def setup(self):
        self.count = 0

    async def compute(self, values):
        self.count += 1
        if self.count >= self.at:
            values = values.clone()
            values[2] = {"nan": float("nan"), "inf": float("inf"), "big": 3e38}[self.number]
        return {"spoiled": values}
'''


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def graph(repository, tmp_path, link, number, at, discrete=False):
    """Write Cartpole's loop with a spoiler in one link; return the files."""
    nodes = json.loads((repository / "docs/examples/cartpole_low_pass.json").read_text())
    del nodes["8"]
    nodes["4"]["inputs"]["actions"] = ["5", 0]
    nodes["1"]["inputs"]["num_envs"] = 8
    nodes["6"]["inputs"].update(minibatch_size=64, next_observations=["4", 4])
    if discrete:
        nodes["3"]["inputs"].update(action_space="discrete", action_dim=2)
    node, port = link
    nodes["9"] = {"class_type": "SpoilNode", "inputs": {
        "values": nodes[node]["inputs"][port], "at": at, "number": number}}
    nodes[node]["inputs"][port] = ["9", 0]
    workflow, spoiler = tmp_path / "spoiled.json", tmp_path / "spoil.py"
    workflow.write_text(json.dumps(nodes))
    spoiler.write_text(SPOIL)
    return workflow, "--nodes", spoiler


def weights(checkpoint):
    """Return the policy's weights in a checkpoint."""
    [file] = (checkpoint / "node_3").glob("weights.*.safetensors")
    return load_file(file)


@pytest.mark.parametrize("link, number, said", [
    (("6", "reward"), "nan", ["ppo_trainer_6", "input 'reward', item 100",
                              "environment 2 is nan"]),
    (("6", "reward"), "inf", ["ppo_trainer_6", "input 'reward', item 100",
                              "environment 2 is inf"]),
    (("6", "reward"), "big", ["ppo_trainer_6", "update 7", "value_loss is nan"]),
    (("3", "observations"), "nan", ["ppo_agent_3", "input 'observations', item 100",
                                    "environment 2 [0] is nan"]),
    # Of a rollout, the state after its last step alone is learned from.
    (("6", "state"), "inf", ["ppo_trainer_6", "input 'state', item 112",
                             "environment 2 [0] is inf"]),
], ids=lambda value: "-".join(value) if isinstance(value, tuple) else None)
def test_a_good_checkpoint_stays(start_run, repository, tmp_path, link, number, said):
    """Six updates of sixteen items are good; what is spoilt is the hundredth item."""
    checkpoint = tmp_path / "checkpoint"
    arguments = [*graph(repository, tmp_path, link, number, 100),
                 "--save-checkpoint-dir", checkpoint,
                 "--set", "6.checkpoint_enabled=true", "--set", "6.checkpoint_trigger_value=1"]
    run = start_run(*arguments)
    assert run.wait() == 1
    for words in said:
        assert words in run.output, run.output
    assert "Traceback" not in run.output
    saved = weights(checkpoint)
    assert all(tensor.isfinite().all() for tensor in saved.values())
    for file in (*checkpoint.rglob("*.json"), run.report_file):
        json.loads(file.read_text(), parse_constant=refuse)
    again = start_run(*arguments, "--load-checkpoint-dir", checkpoint)  # it can be gone on from
    assert again.wait() == 1 and said[0] in again.output, again.output


def test_a_discrete_policy_names_the_observation(start_run, repository, tmp_path):
    run = start_run(*graph(repository, tmp_path, ("3", "observations"), "nan", 5, discrete=True))
    assert run.wait() == 1
    assert "input 'observations', item 5: expected finite numbers" in run.output, run.output
    assert "multinomial" not in run.output


def test_a_learning_rate_that_is_too_large(start_run, repository, tmp_path):
    """In supervised learning: nothing of it replaces what was saved."""
    data = repository.parent / "shared" / "data"
    if not data.exists():
        pytest.skip("needs the digits beside the checkout")
    checkpoint = tmp_path / "checkpoint"
    workflow = json.loads((repository / "config/workflows/mnist_mlp.json").read_text())
    dataset, optimizer = (
        next(node["id"] for node in workflow["nodes"] if node["type"] == name)
        for name in ("MNISTDataset", "SGDOptimizer"))
    run = start_run(repository / "config/workflows/mnist_mlp.json",
                    "--set", f"{dataset}.data_path={data}",
                    "--set", f"{optimizer}.learning_rate=100000",
                    "--save-checkpoint-dir", checkpoint)
    assert run.wait() == 1
    assert "input 'loss'" in run.output and "found nan" in run.output, run.output
    for file in checkpoint.rglob("weights.*.safetensors"):
        assert all(tensor.isfinite().all() for tensor in load_file(file).values())
