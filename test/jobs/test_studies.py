"""Sweeps whose settings are proposed: which, how many, and after a crash the same."""

import shutil

import pytest
from job_stores import Hands, job

from dnne_ros.cli.main import main
from dnne_ros.jobs.pipelines.study import Dimension, Study, begin_study
from dnne_ros.jobs.pipelines.sweep import goal_of, runs_of
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.orders import cancel

pytest.importorskip("optuna")


def study(trials=8, **more):
    return Study(job(user="ann"), [Dimension.parse("6.rate=log:1e-4..1e-1"),
                                   Dimension.parse("6.width=8..64"),
                                   Dimension.parse("6.kind=a,b")], trials, **more)


def run_queued(store, value, most=1000):
    """Run the jobs that are queued, and those that follow; returns their names in order."""
    hands, names = Hands(store), []
    while (queued := store.jobs(("queued",))) and len(names) < most:
        names.append(queued[0].name)
        hands.run(queued[0].id, figures={"mean_return": value(queued[0].name)})
    return names


def rate(name):
    return float(name.partition("6.rate=")[2].partition(" ")[0])


def test_a_range_is_whole_or_real_and_a_list_is_one_of_them():
    whole, real, kind, grid = map(Dimension.parse, (
        "1.n=log:8..64", "1.x=lin:0.5..2", "1.k=a,b", "1.g=lin:0..1/3"))
    assert (whole.whole, whole.logarithmic, whole.ends) == (True, True, ("8", "64"))
    assert (real.ends, kind.ends, grid.ends) == (("0.5", "2.0"), ("a", "b"), ("0", "0.5", "1"))
    with pytest.raises(ValueError, match="expected a range from low to high, above 0"):
        Dimension.parse("1.x=log:0..1")


def test_each_trial_is_proposed_once_from_what_came_before(store):
    sweep, first = begin_study(store, study(minimize=True), at_once=2)
    assert len(first) == 2 and len(run_queued(store, rate)) == 8
    runs = runs_of(store, sweep, *goal_of(store, sweep))
    assert sorted(int(run.setting["trial"]) for run in runs) == list(range(1, 9))
    assert [run.value for run in runs] == sorted(run.value for run in runs)
    assert all(1e-4 <= rate(run.job.name) <= 1e-1 and 8 <= int(run.setting["6.width"]) <= 64
               and run.setting["6.kind"] in "ab" for run in runs)
    words = store.spec(runs[0].job.id).task.words
    assert "--seed=0" in words and not any("trial" in word for word in words)


def test_a_study_goes_on_after_a_crash_as_if_there_had_been_none(store, tmp_path):
    begin_study(store, study(), at_once=2)
    run_queued(store, rate, most=5)
    shutil.copytree(store.folder, tmp_path / "crashed")
    with JobStore(tmp_path / "crashed", clock=store.clock) as again:
        names = run_queued(again, rate)
        assert names == run_queued(store, rate)
        assert len(names) == 3 and len({each.name for each in again.jobs()}) == 8


def test_a_trial_with_seeds_ends_with_the_last_and_a_cancelled_one_has_no_next(store, hands):
    _, (one, two) = begin_study(store, study(seeds=2), at_once=1)
    hands.run(one, 1)  # which fails, and is none of the trial's figures
    assert len(store.jobs()) == 2
    hands.run(two, figures={"mean_return": 3.0})
    assert [each.name.partition(" ")[0] for each in store.jobs(("queued",))] == ["trial=2"] * 2
    cancel(store, [each.id for each in store.jobs(("queued",))])
    assert len(store.jobs()) == 4 and store.open_count() == 0


def test_the_command_tries_the_ends_of_each_range_before_it_submits(store, cartpole, capsys):
    def sweep(*words):
        code = main(["jobs", "sweep", str(cartpole), "--store", str(store.folder), *words])
        return code, capsys.readouterr()

    code, said = sweep("--optuna", "5", "--param", "6.gamma=0.9..1.5")
    assert code == 2 and "1.5" in said.err and store.jobs() == []
    code, said = sweep("--optuna", "5")
    assert code == 2 and "expected at least one --param" in said.err
    code, said = sweep("--optuna", "5", "--param", "6.gamma=0.9..0.99", "--metric", "loss",
                       "--minimize")
    assert (code, said.out) == (0, "sweep 1: 5 trials; the first are jobs 2 to 3\n")
    assert goal_of(store, 1) == ("loss", True)
    assert main(["jobs", "compare", "1", "--store", str(store.folder)]) == 0
    assert "trial" in capsys.readouterr().out
