"""Which placement is the quickest, of those that were tried."""

import json
from types import SimpleNamespace

import pytest

from dnne_ros.cli.placement_trials import PlacementTrials
from dnne_ros.errors import DnneError
from dnne_ros.options.workflow_arguments import load_graph

SPEEDS = {"fused": 1.0, "split": 0.4, "by_hand.json": 1.3, "": 1.1}


class Recorded(PlacementTrials):
    """Trials of placements whose speeds are known, on a machine that is now slow, now fast."""

    def __init__(self, options, graph, folder, speeds):
        super().__init__(options, graph, folder, 1.0, lambda text: None)
        self.speeds, self.started = speeds, []

    def _suggest(self, bound):
        """Suggest nothing."""

    def _start(self, trial, *more):
        self.started.append(trial.name)
        speed = next(speed for how, speed in self.speeds.items()
                     if how == trial.how or (how and trial.how.endswith(how)))
        if speed is None:
            raise DnneError("it fails")
        return {"camera": 30.0, **dict.fromkeys(("loop", "back"), 100.0 * speed)}


@pytest.fixture
def trials(repository, tmp_path):
    """Return trials of a graph with given speeds, and one more placement."""
    def make(speeds):
        options = SimpleNamespace(
            workflow=str(repository / "config/workflows/cartpole_ppo.json"), set=[], nodes=[],
            trust=[], slots_from=None)
        file = tmp_path / "by_hand.json"
        file.write_text(json.dumps({"processes": {"learn": [6]}}))
        return Recorded(options, load_graph(options), tmp_path, speeds), str(file)
    return make


def test_the_better_half_runs_again_until_one_is_left(trials):
    found, by_hand = trials(SPEEDS)
    best, second, *others = found.choose([by_hand])
    assert [best.how, second.how] == [by_hand, "fused"], "as the workflow says is fused, too"
    assert [trial.how for trial in others] == ["split"]
    assert found.speed(best) == pytest.approx(1.3 ** (2 / 3)), "the camera's edge counts, too"
    assert [len(trial.rates) for trial in (best, second, *others)] == [4, 4, 1]
    first, last = "fused", by_hand
    assert found.started == [first, last, "split", first, last, last, first, first, last]


def test_what_is_clearly_quicker_runs_no_more(trials):
    found, by_hand = trials({**SPEEDS, "by_hand.json": 2.0})
    assert found.choose([by_hand])[0].how == by_hand
    assert found.started == ["fused", by_hand, "split", "fused", by_hand]


def test_of_equals_the_one_with_fewer_processes_is_chosen(trials):
    found, by_hand = trials({**SPEEDS, "split": 1.31, "by_hand.json": 1.3})
    assert found.choose([by_hand])[0].how == by_hand


def test_a_placement_that_fails_is_left_out(trials):
    found, by_hand = trials({**SPEEDS, "by_hand.json": None})
    best = found.choose([by_hand])[0]
    assert best.how == "fused"
    assert found.started.count(by_hand) == 1


def test_all_fail(trials):
    found, by_hand = trials(dict.fromkeys(SPEEDS))
    with pytest.raises(DnneError, match="the graph ran in no placement"):
        found.choose([by_hand])
