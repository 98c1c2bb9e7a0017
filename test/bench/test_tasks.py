"""EnvPool's tasks in a graph beside EnvPool alone, and training beside Stable-Baselines3."""

import json

import numpy as np
import pytest

from dnne_ros.bench import tasks
from dnne_ros.cli.main import main


@pytest.mark.long
def test_each_case_is_measured(tmp_path):
    pytest.importorskip("envpool")
    pytest.importorskip("stable_baselines3")
    file = tmp_path / "tasks.json"
    assert main(["bench", "tasks", "--rounds", "1", "--tasks", "HalfCheetah-v5", "--envs", "4",
                 "--seconds", "0.1", "--updates", "1", "--json", str(file)]) == 0
    stepped, *trained = json.loads(file.read_text())["medians"].items()
    assert stepped[0] == "HalfCheetah-v5, 4"
    assert stepped[1]["ratio"] == stepped[1]["graph"] / stepped[1]["EnvPool alone"]
    assert [case for case, _ in trained] == [
        "graph, EnvPool", "Stable-Baselines3, its own", "Stable-Baselines3, EnvPool"]
    assert all(figures["env_steps_per_s"] > 10 for _, figures in trained)


def test_a_peer_that_is_as_fast_is_1_and_each_case_has_its_target():
    medians = {case: {"env_steps_per_s": value} for case, value in {
        "graph, EnvPool": 30.0, "Stable-Baselines3, its own": 20.0,
        "Stable-Baselines3, EnvPool": 30.0}.items()}
    medians["Ant-v5, 64"] = {"graph": 96.0, "EnvPool alone": 100.0, "lost": 0.024, "ratio": 0.96}
    stepped, trained = tasks.tables({
        "tasks": ["Ant-v5"], "sizes": [64], "updates": 1, "medians": medians})
    assert stepped.rows == [("Ant-v5", "64", "96", "100", "2.4%", "0.960", "≥ 0.95")]
    assert [row[2:] for row in trained.rows] == [
        ("1.00", ""), ("1.50", "≥ 1.3"), ("1.00", "≥ 1.0")]


def test_of_envpool_alone_an_action_that_starts_an_episode_is_no_step():
    pytest.importorskip("envpool")
    from dnne_ros.bench.task_alone import Alone
    from dnne_ros.sim.envpool_envs import EnvPoolEnvs

    alone = Alone(EnvPoolEnvs("InvertedPendulum-v5", 2, seed=0), np.ones((1, 2, 1)))
    alone.go_on(0.1)
    assert alone.steps > 2 and alone.seconds >= 0.1
    assert 0.0 < alone.lost < 0.5  # it falls after some steps


@pytest.mark.parametrize("words, message", [
    (["--envs", "64,x"], "--envs: expected numbers from 1, found '64,x'"),
    (["--seconds", "0"], "--seconds"), (["--tasks", "Ant-v55"], "Ant-v5")])
def test_what_cannot_be_measured_is_refused(words, message, capsys):
    pytest.importorskip("envpool")
    assert main(["bench", "tasks", *words]) == 2
    assert message in capsys.readouterr().err
