"""A batch's epoch is tracked: the tracker's answer goes back though nobody drew that link."""

import pytest

NODES = {"1": "MNISTDataset", "2": "BatchSampler", "3": "GetBatch", "4": "Network",
         "5": "LinearLayer", "6": "CrossEntropyLoss", "7": "SGDOptimizer", "8": "TrainingStep",
         "9": "EpochTracker"}
LINKS = ["1.dataset > 2.dataset", "1.schema > 2.schema", "2.dataloader > 3.dataloader",
         "2.schema > 3.schema", "8.ready > 3.trigger", "3.images > 4.input",
         "5.output > 4.to_output", "4.layers > 5.input", "4.output > 6.predictions",
         "3.labels > 6.labels", "4.model > 7.model", "6.loss > 8.loss",
         "7.optimizer > 8.optimizer"]
TRACKED = ["3.epoch_stats > 9.epoch_stats", "6.loss > 9.loss", "6.accuracy > 9.accuracy"]


def implied(graph):
    return {f"{edge.source} > {edge.target}" for edge in graph.edges if edge.implied}


def test_an_input_is_linked_to_who_answers(build):
    graph = build(NODES, LINKS + TRACKED)
    assert implied(graph) == {"3.schema > 4.schema", "9.training_summary > 3.summary"}


def test_without_an_answer_nothing_is_implied(build):
    untracked = {**NODES, "9": "Display"}
    graph = build(untracked, [*LINKS, "3.epoch_stats > 9.value"])
    assert implied(graph) == {"3.schema > 4.schema"}


def test_the_first_of_two_answers(build):
    more = ["3.epoch_stats > 10.epoch_stats", "6.loss > 10.loss"]
    graph = build({**NODES, "10": "EpochTracker"}, LINKS + more + TRACKED)
    assert "10.training_summary > 3.summary" in implied(graph)


def test_a_link_that_was_drawn_stays(build):
    graph = build({**NODES, "10": "EpochTracker"},
                  LINKS + TRACKED + ["3.epoch_stats > 10.epoch_stats", "6.loss > 10.loss",
                                     "10.training_summary > 3.summary"])
    assert implied(graph) == {"3.schema > 4.schema"}


def test_what_learns_shares_a_process(build):
    from dnne_ros.placement.planning import place

    placement = place(build(NODES, LINKS + TRACKED), "split")
    assert sorted(map(sorted, placement.processes.values())) == [
        ["1", "2", "3"], ["4", "5", "6", "7", "8", "9"]]


@pytest.mark.parametrize("broken, expected", [
    ("4.layers > 5.input", "expected LAYERS, found TENSOR"),
    ("4.output > 6.predictions", "expected GRADIENT_TENSOR")])
def test_tensors_are_no_layers_and_have_no_gradient(report_of, broken, expected):
    links = [link for link in LINKS if link != broken]
    lines = report_of(NODES, [*links, f"3.images > {broken.partition(' > ')[2]}", *TRACKED])
    assert any(expected in line for line in lines)
