"""The graphs that people already have load without a word, every link at its true ports."""

import json

from dnne_ros.workflow.reading import read_workflow


def test_every_link_and_node_is_there(shared_file, signature_of):
    document = json.loads(shared_file.read_text(encoding="utf-8"))
    nodes = {node["id"]: node for node in document["nodes"]}
    expected = {
        (str(source), nodes[source]["outputs"][source_slot]["name"],
         str(target), nodes[target]["inputs"][target_slot]["name"])
        for _, source, source_slot, target, target_slot, _ in document["links"]}
    workflow, problems = read_workflow(shared_file, signature_of)
    assert list(problems) == []
    assert workflow.name == shared_file.stem
    assert [(node.id, node.type) for node in workflow.nodes] == [
        (str(node["id"]), node["type"]) for node in document["nodes"]]
    assert {(link.source.node, link.source.port, link.target.node, link.target.port)
            for link in workflow.links} == expected
    assert len(workflow.links) == len(document["links"])


def test_widgets_of_the_cartpole_trainer(cartpole_file, signature_of):
    workflow, _ = read_workflow(cartpole_file, signature_of)
    trainer = next(node for node in workflow.nodes if node.type == "PPOTrainerNode")
    assert trainer.widgets == {
        "horizon_length": 16, "num_epochs": 4, "minibatch_size": 32, "gamma": 0.99,
        "gae_lambda": 0.95, "clip_param": 0.2, "value_coef": 0.5, "entropy_coef": 0.01,
        "learning_rate": 0.0003, "max_grad_norm": 0.5}
    assert trainer.position == (1537.5, 7.5)


def test_seed_control_of_the_batch_sampler(shared_file, signature_of):
    workflow, _ = read_workflow(shared_file, signature_of)
    samplers = [node.widgets for node in workflow.nodes if node.type == "BatchSampler"]
    assert samplers in ([], [{"batch_size": 32, "shuffle": True, "seed": -1}])
