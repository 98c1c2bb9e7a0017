"""Node types as the parser sees them, and short ways to write and parse a graph."""

from pathlib import Path

import pytest

from dnne_ros.workflow.reading import parse_workflow
from dnne_ros.workflow.signature import NodeSignature, PortSignature, WidgetSignature

SHARED = Path(__file__).parents[2].parent / "shared" / "workflows"


def ending_matches(output, input):
    """Match types by their ending, as the catalogue does; `*` matches any beginning."""
    return "*" in (input, output) or output.endswith(input.removeprefix("*"))


def ports(text):
    """Read `name:TYPE name/alias:TYPE`."""
    found = []
    for word in text.split():
        names, _, type_ = word.partition(":")
        name, *aliases = names.split("/")
        found.append(PortSignature(name, type_, tuple(aliases)))
    return tuple(found)


def signature(type_, inputs="", outputs="", widgets=""):
    return NodeSignature(
        type_, ports(inputs), ports(outputs),
        tuple(WidgetSignature(name, is_seed=name == "seed") for name in widgets.split()),
        ending_matches)


CHECKPOINTS = "checkpoint_enabled checkpoint_trigger_type checkpoint_trigger_value "
SIGNATURES = {found.type: found for found in (
    signature(
        "IsaacGymEnvNode", "", "sim_handle:SIM_HANDLE observations:TENSOR",
        "env_name num_envs isaac_gym_path isaac_gym_envs_path headless device physics_engine"),
    signature(
        "IsaacGymStepNode", "sim_handle:SIM_HANDLE actions:ACTION trigger:SYNC",
        "observations:TENSOR rewards:TENSOR done:TENSOR info:DICT next_observations:TENSOR"),
    signature("ORNode", "input_a:* input_b:* input_c:*", "output:*"),
    signature(
        "PPOAgentNode", "observations:TENSOR", "policy_output:POLICY_OUTPUT model:MODEL",
        "hidden_sizes activation action_space action_dim learning_rate deterministic "
        "init_log_std"),
    signature(
        "PPOTrainerNode",
        "state:TENSOR policy_output:POLICY_OUTPUT reward:TENSOR done:TENSOR model:MODEL",
        "loss:TENSOR training_complete:SYNC",
        "horizon_length num_epochs minibatch_size gamma gae_lambda clip_param value_coef "
        "entropy_coef learning_rate max_grad_norm " + CHECKPOINTS),
    signature("CartpoleActionNode", "network_output/policy:POLICY_OUTPUT", "action:ACTION",
              "max_push_effort"),
    signature("MNISTDataset", "", "dataset:DATASET_OBJ schema:SCHEMA_PYDICT",
              "data_path train download"),
    signature("BatchSampler", "dataset:DATASET_OBJ schema:SCHEMA_PYDICT",
              "dataloader:DATALOADER_OBJ schema:SCHEMA_PYDICT", "batch_size shuffle seed"),
    signature("GetBatch", "dataloader:DATALOADER_OBJ schema:SCHEMA_PYDICT trigger:TRIGGER",
              "images:TENSOR labels:TENSOR epoch_complete:BOOLEAN epoch_stats:STATS_PYDICT"),
    signature("Network", "input:TENSOR to_output:TENSOR",
              "layers:TENSOR output:TENSOR model:MODEL_OBJ",
              CHECKPOINTS + "checkpoint_load_on_start"),
    signature("LinearLayer", "input:TENSOR", "output:TENSOR",
              "output_size bias activation dropout weight_init"),
    signature("CrossEntropyLoss", "predictions:TENSOR labels:TENSOR",
              "loss:TENSOR accuracy:ACCURACY_FLOAT"),
    signature("SGDOptimizer", "model/network:MODEL_OBJ", "optimizer:OPTIMIZER_OBJ",
              "learning_rate momentum weight_decay"),
    signature("TrainingStep", "loss:TENSOR optimizer:OPTIMIZER_OBJ",
              "ready:TRIGGER grad_norm:FLOAT"),
    signature("EpochTracker", "epoch_stats:STATS_PYDICT loss:TENSOR accuracy:ACCURACY_FLOAT",
              "training_summary:SUMMARY_PYDICT", "max_epochs"),
    # Not in the catalogue: for a seed with widgets after it, for bypassing, for doubt.
    signature("Noise", "", "value:TENSOR", "seed scale mode"),
    signature("Swap", "first:TENSOR second:TENSOR handle:SIM_HANDLE",
              "one:TENSOR two:TENSOR three:TENSOR"),
    signature("Eyes", "", "handle:SIM_HANDLE left:TENSOR right:TENSOR"),
)}


class Parsed:
    """A parsed graph in terms that are short to compare."""

    def __init__(self, workflow, problems):
        self.workflow = workflow
        self.problems = [str(problem) for problem in problems]
        self.links = {(str(link.source), str(link.target)) for link in workflow.links}
        self.nodes = {node.id: node for node in workflow.nodes}

    def sole_problem(self):
        """Return the only problem."""
        assert len(self.problems) == 1, self.problems
        return self.problems[0]


@pytest.fixture(scope="session")
def signature_of():
    return SIGNATURES.get


@pytest.fixture(scope="session")
def parse(signature_of):
    """Parse a loaded document."""
    def call(document, **options):
        return Parsed(*parse_workflow(document, "graph", "graph.json", signature_of, **options))
    return call


@pytest.fixture(scope="session")
def parse_ui(parse):
    """Parse UI nodes given as (id, type, further fields), and links without their own ids."""
    def call(nodes, links=(), **document):
        return parse({
            "nodes": [{"id": id_, "type": type_, **more} for id_, type_, more in nodes],
            "links": [[number, *link] for number, link in enumerate(links, 1)],
            **document})
    return call


@pytest.fixture(scope="session", params=["Cartpole_PPO.json", "MNIST_Test.json"])
def shared_file(request):
    """Return each of the graphs that their authors saved."""
    path = SHARED / request.param
    if not path.is_file():
        pytest.skip(f"{path} is not there: sample graphs are not part of the package")
    return path


@pytest.fixture(scope="session")
def cartpole_file():
    path = SHARED / "Cartpole_PPO.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: sample graphs are not part of the package")
    return path
