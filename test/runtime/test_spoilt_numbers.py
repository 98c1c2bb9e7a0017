"""A number that is none, wherever it comes from, never costs what was learned before.

Whole graphs run in this process, from a good checkpoint and back into it, with one number spoilt:
somewhere in an item of an output, in a widget, in what the simulator keeps, or in weights.
"""

import asyncio
import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.errors import DnneError
from dnne_ros.graph.building import build_graph
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.planning import place
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.shared_policy import SharedPolicy
from dnne_ros.runtime import process_run
from dnne_ros.runtime.coordination import peers
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.node.context import HostContext
from dnne_ros.runtime.process import GraphProcess
from dnne_ros.sim.mujoco_cartpole import MujocoCartpole
from dnne_ros.workflow.reading import read_workflow

pytestmark = pytest.mark.slow

NUMBERS = st.sampled_from([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e30])
ITEMS = 12
"""In which the first three updates fall, and the first three epochs."""


def spoilt(value, number, place):
    """Return ``value`` with one of its numbers, chosen by ``place``, replaced by ``number``."""
    if isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel():
        value = value.clone()
        with torch.no_grad():
            value.view(-1)[place % value.numel()] = number
    elif isinstance(value, float):
        value = number
    elif isinstance(value, PolicyOutput):
        name = [field.name for field in dataclasses.fields(value)][place % 5]
        value = dataclasses.replace(value, **{
            name: spoilt(getattr(value, name), number, place // 5)})
    elif isinstance(value, SharedPolicy):
        spoil_weight(value.policy, number, place)
    elif isinstance(value, torch.nn.Module):
        spoil_weight(value, number, place)
    elif isinstance(value, dict):
        name = [*value, "another"][place % (len(value) + 1)]
        value = {**value, name: spoilt(value.get(name, 0.0), number, place)}
    return value


def spoil_weight(module, number, place):
    """Replace one weight, in place."""
    tensors = [tensor for tensor in module.state_dict().values() if tensor.is_floating_point()]
    tensor = tensors[place % len(tensors)]
    tensor.view(-1)[place % tensor.numel()] = number


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Make `World`s, which leave this process as it was."""
    monkeypatch.setattr(process_run, "_FLUSH_SECONDS", 0.0)  # nobody listens
    monkeypatch.setattr(peers, "_WATCHERS_SECONDS", 0.0)
    threads = torch.get_num_threads()
    yield lambda workflow, ends, items: World(tmp_path, monkeypatch, workflow, ends, items)
    torch.set_num_threads(threads)
    asyncio.set_event_loop(None)


class World:
    """Runs of one graph, all from the same good checkpoint."""

    def __init__(self, folder, monkeypatch, workflow, ends, items):
        """Make the checkpoint.  A run ends with item number ``items`` of the output ``ends``."""
        self._workflow, self.ends, self._items = workflow, ends, items
        self._folder = folder
        self._file = folder / "workflow.json"
        self._good = folder / "good"
        self._spoil = None
        put = HostContext.put

        async def put_spoilt(context, port, value, timeout=None):
            self._sent[context.node_id, port] = number = \
                self._sent.get((context.node_id, port), 0) + 1
            if self._spoil is not None:
                value = self._spoil(context.node_id, port, number, value)
            await put(context, port, value, timeout)
            if (port, number) == (self.ends, self._items):
                self._end = asyncio.ensure_future(context.finish("enough"))

        monkeypatch.setattr(HostContext, "put", put_spoilt)
        make = torch.optim.Optimizer.__init__

        def noted(optimizer, *arguments):
            make(optimizer, *arguments)
            self.optimizers.append(optimizer)

        monkeypatch.setattr(torch.optim.Optimizer, "__init__", noted)
        self.run(self._good)
        self.outputs = [(node, port) for node, each in self._graph.nodes.items()
                        for port in each.type.outputs if (node, port) in self._sent]
        self.widgets = [(node, name) for node, each in self._graph.nodes.items()
                        for name, value in each.values.items() if isinstance(value, float)]

    def run(self, save, load=None, spoil=None, widgets=()):
        """Run to the end, or until it fails in words of our own; returns these."""
        nodes = json.loads(json.dumps(self._workflow))
        for node, name, value in widgets:
            nodes[node]["inputs"][name] = value
        self._file.write_text(json.dumps(nodes))
        self._sent, self._spoil, self.optimizers = {}, spoil, []
        try:
            catalogue = Catalogue(BUILT_IN)
            workflow, problems = read_workflow(str(self._file), catalogue.signature)
            self._graph = build_graph(workflow, catalogue, problems)
            placement = place(self._graph, "fused")
            GraphProcess(self._graph, placement, next(iter(placement.processes)), RunSettings(
                seed=1, save_checkpoint_dir=str(save), load_checkpoint_dir=load and str(load)),
                StatusChannel(None)).run()
        except DnneError as error:
            return str(error)
        return ""

    def goes_on(self, **options):
        """Go on from the good checkpoint in place; what is there then is as good."""
        directory = self._folder / "checkpoint"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self._good, directory)
        said = self.run(directory, directory, **options)
        assert set(Checkpoint.read(directory).states()) == set(
            Checkpoint.read(self._good).states())
        for file in directory.rglob("*.json"):
            json.loads(file.read_text(), parse_constant=lambda name: pytest.fail(
                f"{name} in {file.name} is no JSON"))
        return said


def cartpole(repository, **trainer):
    """Cartpole's loop, with an update and a checkpoint each four steps."""
    nodes = json.loads((repository / "docs/examples/cartpole_low_pass.json").read_text())
    del nodes["8"]
    nodes["4"]["inputs"]["actions"] = ["5", 0]
    nodes["1"]["inputs"]["num_envs"] = 3
    nodes["3"]["inputs"].update(hidden_sizes="4", normalize_observations=True,
                                normalize_values=True)
    nodes["6"]["inputs"].update(
        minibatch_size=6, horizon_length=4, num_epochs=1, next_observations=["4", 4],
        checkpoint_enabled=True, checkpoint_trigger_type="epoch", checkpoint_trigger_value="1",
        **trainer)
    return nodes


def classifier(data):
    """A small network that learns to tell classes, with an epoch and a checkpoint each four."""
    return {
        "1": {"class_type": "MNISTDataset", "inputs": {"data_path": data, "download": False}},
        "2": {"class_type": "BatchSampler", "inputs": {
            "dataset": ["1", 0], "schema": ["1", 1], "batch_size": 8}},
        "3": {"class_type": "GetBatch", "inputs": {
            "dataloader": ["2", 0], "schema": ["2", 1], "trigger": ["10", 0]}},
        "4": {"class_type": "Network", "inputs": {
            "input": ["3", 0], "to_output": ["7", 0], "checkpoint_trigger_value": "1"}},
        "5": {"class_type": "LinearLayer", "inputs": {"input": ["4", 0], "output_size": 8}},
        "6": {"class_type": "BatchNorm", "inputs": {"input": ["5", 0]}},
        "7": {"class_type": "LinearLayer", "inputs": {
            "input": ["6", 0], "output_size": 10, "activation": "none"}},
        "8": {"class_type": "CrossEntropyLoss", "inputs": {
            "predictions": ["4", 1], "labels": ["3", 1]}},
        "9": {"class_type": "SGDOptimizer", "inputs": {"model": ["4", 2]}},
        "10": {"class_type": "TrainingStep", "inputs": {"loss": ["8", 0], "optimizer": ["9", 0]}},
        "11": {"class_type": "EpochTracker", "inputs": {
            "epoch_stats": ["3", 3], "loss": ["8", 0], "accuracy": ["8", 1],
            "max_epochs": 1000}}}


@pytest.fixture
def learners(world, repository, tmp_path):
    """The graphs that learn, by name."""
    random = np.random.default_rng(1)
    data = tmp_path / "MNIST" / "raw"
    data.mkdir(parents=True)
    for prefix in ("train", "t10k"):
        for name, array in (("images-idx3", random.integers(0, 256, (32, 28, 28))),
                            ("labels-idx1", random.integers(0, 10, 32))):
            header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
            (data / f"{prefix}-{name}-ubyte").write_bytes(header + array.astype("u1").tobytes())
    return {
        "ppo": lambda: world(cartpole(repository), "training_complete", ITEMS),
        "adaptive": lambda: world(cartpole(
            repository, lr_schedule="adaptive", clip_value_loss=True, bounds_loss_coef=1.0),
            "training_complete", ITEMS),
        "classifier": lambda: world(classifier(str(tmp_path)), "ready", ITEMS)}


# An example is a whole graph: there is no time to look for smaller ones.
SAME = settings(max_examples=15, phases=[Phase.explicit, Phase.generate], suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", ["ppo", "adaptive", "classifier"])
def test_in_any_item_of_any_output(learners, name):
    graph = learners[name]()

    @SAME
    @given(st.data(), NUMBERS, st.integers(1, ITEMS), st.integers(0, 10_000))
    def check(data, number, item, place):
        output = data.draw(st.sampled_from(graph.outputs))

        def spoil(node, port, count, value):
            if (node, port, count) == (*output, item):
                return spoilt(value, number, place)
            return value

        graph.goes_on(spoil=spoil)

    check()


@pytest.mark.parametrize("name", ["ppo", "adaptive", "classifier"])
def test_in_any_widget(learners, name):
    graph = learners[name]()
    assert graph.widgets

    @SAME
    @given(st.sampled_from(graph.widgets), NUMBERS | st.sampled_from([1e6, 10.0, 1.0, 0.0]))
    def check(widget, number):
        graph.goes_on(widgets=[(*widget, number)])

    check()


@pytest.mark.parametrize("name", ["ppo", "classifier"])
def test_in_weights_and_moments_at_any_time(learners, name):
    graph = learners[name]()

    @SAME
    @given(NUMBERS, st.integers(1, ITEMS), st.integers(0, 10_000), st.booleans())
    def check(number, item, place, moment):
        held = []

        def spoil(node, port, count, value):
            if port == "model":
                held.append(getattr(value, "policy", value))
            if (port, count) == (graph.ends, item):
                moments = [each for optimizer in graph.optimizers
                           for state in optimizer.state.values()
                           for each in state.values() if isinstance(each, torch.Tensor)]
                if moment and moments:
                    moments[place % len(moments)].view(-1)[0] = number
                else:
                    spoil_weight(held[0], number, place)
            return value

        graph.goes_on(spoil=spoil)

    check()


@pytest.mark.filterwarnings("ignore:MuJoCo")
def test_in_what_the_simulator_gives_and_keeps(learners, monkeypatch):
    graph = learners["ppo"]()
    step = MujocoCartpole.step

    @SAME
    @given(NUMBERS, st.integers(1, ITEMS), st.integers(0, 10_000),
           st.sampled_from(["observations", "rewards", "next_observations", "positions"]))
    def check(number, item, place, where):
        count = 0

        def spoilt_step(simulator, actions):
            nonlocal count
            count += 1
            result = step(simulator, actions)
            if count != item:
                return result
            if where == "positions":
                simulator._physics.flat[place % simulator._physics.size] = number
                return result
            return result._replace(**{where: spoilt(getattr(result, where), number, place)})

        with monkeypatch.context() as patch:
            patch.setattr(MujocoCartpole, "step", spoilt_step)
            graph.goes_on()

    check()
