"""Graphs as editors of several years save them: made here out of the package's own workflows."""

import copy
import json

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.edge_settings import Setting
from dnne_ros.nodes.display.display import DisplayNode
from dnne_ros.workflow.reading import parse_workflow

CATALOGUE = Catalogue()


def build(document, settings=()):
    workflow, problems = parse_workflow(document, "graph", "graph.json", CATALOGUE.signature)
    return build_graph(workflow, CATALOGUE, problems, [Setting.parse(text) for text in settings])


def report(document):
    with pytest.raises(InputError) as caught:
        build(document)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def mnist(repository):
    return json.loads((repository / "config/workflows/mnist_mlp.json").read_text())


@pytest.fixture
def cartpole(repository):
    return json.loads((repository / "config/workflows/cartpole_ppo.json").read_text())


def node(document, type_, number=0):
    return [entry for entry in document["nodes"] if entry["type"] == type_][number]


def edges(graph):
    return {(str(edge.source), str(edge.target)) for edge in graph.edges}


def test_bypass_of_a_converter_names_it_once(cartpole):
    push = node(cartpole, "CartpoleActionNode")
    push.update(mode=4, inputs=[{**push["inputs"][0], "type": "TENSOR"}])
    (line,) = report(cartpole)
    assert "input 'actions': nothing comes to it: its link comes through node " in line
    assert "(CartpoleActionNode), which is bypassed and has no input of type ACTION" in line
    assert line.endswith("expected ACTION (env, action) float32")


def test_refused_output_is_the_only_claim(mnist):
    node(mnist, "TrainingStep")["outputs"][0]["name"] = "finished"
    (line,) = report(mnist)
    assert "TrainingStep has no output 'finished'" in line


def test_refused_source_is_the_only_claim_even_through_a_merge(cartpole):
    merge = node(cartpole, "ORNode")
    for row in cartpole["links"]:
        if row[3] == merge["id"]:
            row[2] = 50
    assert all("slot 50 of its outputs, which does not exist" in line for line in report(cartpole))


def test_problems_of_one_unknown_type_are_one_line(mnist):
    for entry in mnist["nodes"]:
        if entry["type"] == "LinearLayer":
            entry["type"] = "KSampler"
    ids = [str(entry["id"]) for entry in mnist["nodes"] if entry["type"] == "KSampler"]
    (line,) = report(mnist)
    assert line.startswith("nodes " + ids[0]) and all(id_ in line for id_ in ids)
    assert line.endswith("unknown node type 'KSampler'; `dnne-ros nodes` lists the known ones")


def test_subgraph_ids_are_understood_by_settings_and_names(mnist):
    second, third = (node(mnist, "LinearLayer", number) for number in (1, 2))
    id_ = "9b1f5f1e-1111-4222-8333-444455556666"
    plain = build(copy.deepcopy(mnist))
    inner = {"id": id_, "name": "Head", "inputs": [{"name": "input", "type": "LAYERS"}],
             "outputs": [{"name": "output", "type": "LAYERS"}],
             "nodes": [{**entry, "inputs": [{**entry["inputs"][0], "link": None}]}
                       for entry in (second, third)],
             "links": [[1, -10, 0, second["id"], 0, "LAYERS"],
                       [2, second["id"], 0, third["id"], 0, "LAYERS"],
                       [3, third["id"], 0, -20, 0, "LAYERS"]]}
    mnist["nodes"] = [entry for entry in mnist["nodes"] if entry not in (second, third)]
    mnist["nodes"].append({"id": 40, "type": id_})
    mnist["links"] = [row for row in mnist["links"] if row[3] != third["id"]]
    for row in mnist["links"]:
        if row[3] == second["id"]:
            row[3] = 40
        if row[1] == third["id"]:
            row[1] = 40
    mnist["definitions"] = {"subgraphs": [inner]}
    names = {f"{second['id']}.": f"40:{second['id']}.", f"{third['id']}.": f"40:{third['id']}."}
    graph = build(mnist, [f"40:{second['id']}.output_size=99",
                          f"linear_layer_40_{third['id']}.bias=false"])
    assert edges(graph) == {
        tuple(names.get(f"{end.partition('.')[0]}.", f"{end.partition('.')[0]}.")
              + end.partition(".")[2] for end in edge) for edge in edges(plain)}
    assert graph.nodes[f"40:{second['id']}"].values["output_size"] == 99
    assert graph.nodes[f"40:{third['id']}"].values["bias"] is False


def test_preview_any_has_widgets_of_its_own(cartpole, repository):
    show = node(cartpole, "DisplayNode")
    show.update(type="PreviewAny", widgets_values=[None, None, False])
    graph = build(cartpole)
    assert graph.nodes[str(show["id"])].values == {
        name: widget.default for name, widget in DisplayNode.widgets.items()}
    api = {"1": {"class_type": "IsaacGymEnvNode"}, "2": {
        "class_type": "PreviewAny", "inputs": {"source": ["1", 1], "preview_markdown": None,
                                               "previewMode": False}}}
    assert build(api).nodes["2"].values == {
        name: widget.default for name, widget in DisplayNode.widgets.items()}


def test_telemetry_level_means_nothing(mnist):
    tracker = node(mnist, "EpochTracker")
    tracker["inputs"] += [{"name": name, "type": "INT", "widget": {"name": name}}
                          for name in ("max_epochs", "telemetry_level")]
    tracker["widgets_values"] = [2, "off"]
    assert build(mnist).nodes[str(tracker["id"])].values == {"max_epochs": 2}


@pytest.mark.parametrize("value", ["max", "min", "MAX", "0.5"])
def test_best_metric_may_be_named_by_its_direction(cartpole, value):
    trainer = node(cartpole, "PPOTrainerNode")
    trainer["widgets_values"][10:13] = [True, "best_metric", value]
    values = build(cartpole).nodes[str(trainer["id"])].values
    assert values["checkpoint_trigger_value"] == value


def with_own_steps(mnist):
    """Return the workflow with an optimizer that takes the loss, and no TrainingStep."""
    step, optimizer = node(mnist, "TrainingStep"), node(mnist, "SGDOptimizer")
    optimizer["inputs"] = [
        {"name": "model", "type": "*MODEL_OBJ"}, {"name": "loss", "type": "*LOSS_SCALAR"},
        *({"name": name, "type": "FLOAT", "widget": {"name": name}} for name in (
            "learning_rate", "momentum", "weight_decay", "batch_size", "enable_bootstrap"))]
    optimizer["outputs"] = [{"name": "step_complete", "type": "TRAIN_STEP_TRIGGER"}]
    optimizer["widgets_values"] = [0.01, 0.9, 0.0, 1, True]
    mnist["nodes"].remove(step)
    links = []
    for row in mnist["links"]:
        if row[3] == step["id"]:
            row[3:5] = [optimizer["id"], 1]
        if row[1] == step["id"]:
            row[1:3] = [optimizer["id"], 0]
        if row[1] != row[3]:
            links.append(row)
    for entry in mnist["nodes"]:
        for slot in entry.get("inputs", ()):
            slot["link"] = None
    mnist["links"] = links
    return str(optimizer["id"])


def test_optimizer_with_a_loss_takes_its_steps_itself(mnist, caplog):
    optimizer = with_own_steps(mnist)
    graph = build(mnist)
    batch = str(node(mnist, "GetBatch")["id"])
    assert (f"{optimizer}.step_complete", f"{batch}.trigger") in edges(graph)
    assert graph.nodes[optimizer].values == {
        "learning_rate": 0.01, "momentum": 0.9, "weight_decay": 0.0}
    assert caplog.text == ""


def test_steps_of_an_optimizer_without_a_loss_are_not_waited_for(mnist):
    optimizer = with_own_steps(mnist)
    mnist["links"] = [row for row in mnist["links"] if (str(row[3]), row[4]) != (optimizer, 1)]
    (line,) = report(mnist)
    assert line.endswith("output 'step_complete': it gives nothing while nothing is linked to the "
                         "input 'loss'")


def test_steps_are_taken_once(mnist):
    """By the optimizer or by a TrainingStep: a loss has one gradient to give."""
    optimizer, step = node(mnist, "SGDOptimizer"), node(mnist, "TrainingStep")
    (loss,) = [row for row in mnist["links"] if row[3:5] == [step["id"], 0]]
    optimizer["inputs"].append({"name": "loss", "type": "*LOSS_SCALAR", "link": None})
    mnist["links"].append([9999, *loss[1:3], optimizer["id"], len(optimizer["inputs"]) - 1, "*"])
    (line,) = report(mnist)
    assert line.endswith("output 'optimizer': nothing may be linked to it while something is "
                         "linked to the input 'loss'")


def test_prompt_of_such_an_optimizer_counts_its_only_output():
    prompt = {
        "4": {"class_type": "Network", "inputs": {"to_output": ["4", 0]}},
        "9": {"class_type": "SGDOptimizer", "inputs": {
            "model": ["4", 2], "loss": ["8", 0], "batch_size": 1, "enable_bootstrap": True}},
        "3": {"class_type": "GetBatch", "inputs": {"trigger": ["9", 0]}},
        "7": {"class_type": "GetBatch", "inputs": {"trigger": ["9", 1]}},
        "8": {"class_type": "CrossEntropyLoss", "inputs": {}},
        "10": {"class_type": "TrainingStep", "inputs": {"optimizer": ["9", 0]}}}
    workflow, _ = parse_workflow(prompt, "graph", "graph.json", CATALOGUE.signature)
    links = {str(link.target): str(link.source) for link in workflow.links}
    assert links["3.trigger"] == links["7.trigger"] == "9.step_complete"
    assert links["10.optimizer"] == "9.optimizer"


@pytest.mark.parametrize("type_,widget,default", [
    ("LinearLayer", "activation", "relu"), ("PPOAgentNode", "activation", "elu"),
    ("Conv2DLayer", "activation", "relu"), ("LinearLayer", "weight_init", "auto"),
    ("Network", "checkpoint_trigger_value", "50"), ("Network", "checkpoint_enabled", True),
    ("PPOTrainerNode", "checkpoint_enabled", False),
    ("PPOTrainerNode", "checkpoint_trigger_value", "10"), ("IsaacGymEnvNode", "device", "cuda"),
    ("CartpoleRewardNode", "invert_for_loss", True), ("BatchSampler", "seed", -1)])
def test_what_a_file_leaves_out_has_the_value_its_author_saw(type_, widget, default):
    prompt = {"1": {"class_type": type_, "inputs": {}}}
    workflow, _ = parse_workflow(prompt, "graph", "graph.json", CATALOGUE.signature)
    assert CATALOGUE.find(type_)(workflow.nodes[0].widgets).values[widget] == default


def test_earlier_names_of_ports_of_training(mnist):
    """A TrainingStep that gives a trigger, an EpochTracker that gives training_stats."""
    before = edges(build(mnist))
    step, tracker = node(mnist, "TrainingStep"), node(mnist, "EpochTracker")
    step["outputs"][0]["name"] = "trigger"
    tracker["outputs"][0].update(name="training_stats", type="DICT")
    next(slot for slot in tracker["inputs"] if slot["name"] == "loss")["name"] = "loss_value"
    assert edges(build(mnist)) == before
    step["widgets_values"] = [2.5]
    assert build(mnist).nodes[str(step["id"])].values["gradient_clip"] == 2.5
    step["widgets_values"] = [-1.0]
    assert any("widget 'gradient_clip': expected a number" in line for line in report(mnist))
