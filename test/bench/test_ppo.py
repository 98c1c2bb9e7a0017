"""The PPO benchmark: what it trains is one thing for all, and its tables say what was measured."""

import argparse
import json

import pytest

from dnne_ros.bench import ppo, ppo_setting
from dnne_ros.bench.ppo_parts import Clock
from dnne_ros.errors import InputError


def options(**changes):
    """Return the options of a run that measures next to nothing."""
    return argparse.Namespace(**{
        "rounds": 1, "envs": "8", "seeds": 0, "peers": "", "seconds": 0.5, "limit": 5.0,
        "backend": "mujoco", "device": "cpu"} | changes)


@pytest.mark.parametrize("changes, message", [
    ({"envs": "512,x"}, "--envs: expected numbers from 1, found '512,x'"),
    ({"peers": "rl_games"},
     "--peers: expected rsl_rl or stable_baselines3 or cleanrl, found rl_games"),
    ({"seconds": 0.0}, "expected numbers above 0"),
])
def test_what_cannot_be_measured_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        ppo.measure(options(**changes), print)


def test_the_graph_is_checked_and_placed(tmp_path):
    from dnne_ros.cli.main import main

    workflow, three = tmp_path / "ppo.json", tmp_path / "three.json"
    workflow.write_text(json.dumps(ppo_setting.workflow(64)))
    three.write_text(json.dumps(ppo_setting.THREE_PROCESSES))
    assert main(["check", str(workflow), "--place", str(three)]) == 0


def test_a_peer_that_is_missing_is_said_and_left_out(monkeypatch):
    monkeypatch.setattr(ppo.util, "find_spec", lambda name: None)
    monkeypatch.setattr(ppo, "interleave", lambda cases, rounds, say: {
        name: {"env_steps_per_s": [100.0]} for name in cases})
    of_a_step = {"ppo_parts": {"simulate": 1.0, "total": 2.0},
                 "ppo_turns": {"graph": 50.0, "loop": 48.0, "hand over": 2.0, "graph cpu": 40.0,
                               "loop cpu": 39.0, "hand over cpu": 1.0}}
    monkeypatch.setattr(ppo, "_of_a_step", lambda module, *_: of_a_step[module])
    said = []
    document = ppo.measure(options(peers="rsl_rl"), said.append)
    assert said == ["rsl_rl is not installed: pip install rsl-rl-lib"]
    assert set(document["medians"]) == {"graph, fused, 8", "graph, 3 processes, 8"}
    assert set(document["ratios"].values()) == {None}
    json.dumps(document)
    speed, parts, turns = ppo.tables(document)
    assert speed.rows[0] == ("graph, fused", "8", "100", "–", "")
    assert parts.headings == ("environments", "simulate", "total")
    assert turns.rows == [("8", "48", "50", "2.0", "4.0%", "", "39", "40", "1.0", "2.5%")]


def test_a_ratio_is_the_median_of_those_of_the_rounds(monkeypatch):
    rounds = {"graph, fused, 8": [100.0, 60.0, 90.0], "graph, 3 processes, 8": [50.0, 20.0, 40.0],
              "rsl_rl, 8": [100.0, 50.0, 60.0]}
    monkeypatch.setattr(ppo, "interleave", lambda *_: {
        name: {"env_steps_per_s": values} for name, values in rounds.items()})
    monkeypatch.setattr(ppo, "_of_a_step", lambda *_: {})
    document = ppo.measure(options(), lambda _: None)
    assert document["ratios"] == pytest.approx({
        "graph, fused, 8": 1.2, "graph, 3 processes, 8": 0.5, "rsl_rl, 8": 1.0})


def test_tables_of_figures():
    document = {
        "medians": {"graph, fused, 512": {"env_steps_per_s": 220_000.0},
                    "rsl_rl, 512": {"env_steps_per_s": 200_000.0}},
        "ratios": {"graph, fused, 512": 1.1, "rsl_rl, 512": 1.0}, "solved_at": 450.0,
        "solve": {"graph, fused": {"solved": [1, 0, 1], "seconds": [3.0, 5.0],
                                   "env_steps": [1000, 2000]},
                  "rsl_rl": {"solved": [0, 0, 0]}},
        "parts_us": {"512": {"simulate": 12.3, "total": 99.9}}}
    speed, solve, parts = ppo.tables(document)
    assert speed.rows[0] == ("graph, fused", "512", "220,000", "1.10", "≥ 1.5")
    assert solve.rows == [("graph, fused", "2 of 3", "4.00", "1,500"),
                          ("rsl_rl", "0 of 3", "–", "–")]
    assert parts.rows == [("512", "12", "100")]


def test_the_clock_counts_generators_only_while_they_work():
    class Work:
        def once(self):
            return 7

        def steps(self):
            yield 1
            yield 2
            return 3

    clock = Clock()
    clock.watch(Work, "once", "a")
    clock.watch_generator(Work, "steps", "b")
    assert Work().once() == 7
    steps = Work().steps()
    assert [next(steps), next(steps)] == [1, 2]
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == 3
    assert clock.calls == {"a": 1, "b": 3}


def test_what_is_on_a_device_is_compared_there(monkeypatch):
    asked = []

    def call(words, seconds, accepted=(0,)):
        asked.append(words)
        return '{"seconds": 1.0, "env_steps": 100, "solved": false}'

    monkeypatch.setattr(ppo.util, "find_spec", lambda name: name)
    monkeypatch.setattr(ppo, "_call", call)
    monkeypatch.setattr(ppo, "_ours", lambda how, place: lambda *_: json.loads(
        call([how, place], 1)))
    document = ppo.measure(options(device="cuda", backend="torch", peers="rsl_rl"), print)
    assert asked == [["fused", ppo_setting.Simulated("torch", "cuda")], [
        "dnne_ros.bench.ppo_peers", "rsl_rl", "--envs", "8", "--seed", "0", "--seconds", "0.5",
        "--until", "inf", "--backend", "torch", "--device", "cuda"]]
    assert [table.rows for table in ppo.tables(document)] == [[
        ("graph, fused", "8", "100", "1.00", ""), ("rsl_rl", "8", "100", "1.00", "")]]


@pytest.mark.long
@pytest.mark.skipif(not ppo.compiler(), reason="torch.compile needs a C++ compiler")
def test_the_loop_of_one_file_learns():
    import torch

    from dnne_ros.bench.ppo_peers import Watched, cleanrl
    from dnne_ros.sim.registry import make_simulator

    torch.manual_seed(0)
    watched = Watched(make_simulator("Cartpole", 64, backend="torch", seed=0), 600.0, 150.0)
    assert cleanrl(watched)["solved"]


def test_advantages_of_the_loop_of_one_file_are_ours():
    import torch

    from dnne_ros.bench.ppo_single_file import advantages
    from dnne_ros.rl.gae import advantages_and_returns

    torch.manual_seed(0)
    rewards, values = torch.randn(2, ppo_setting.HORIZON, 3)
    dones, last = torch.rand(ppo_setting.HORIZON, 3) < 0.2, torch.randn(3)
    ours, _ = advantages_and_returns(rewards, values, torch.cat([values[1:], last[None]]), dones,
                                     dones, ppo_setting.GAMMA, ppo_setting.GAE_LAMBDA)
    torch.testing.assert_close(advantages(rewards, values, dones.float(), last), ours)
