"""``dnne-ros jobs sweep``."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dnne_ros.cli.output import say
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.jobs.commands.command import add_store, open_store
from dnne_ros.jobs.commands.submit import (
    add_run_options,
    add_treatment,
    order_of,
    run_options_of,
    trusted_words,
)
from dnne_ros.jobs.description.spec import METRIC
from dnne_ros.options.readings import count

if TYPE_CHECKING:
    from dnne_ros.jobs.description.spec import JobSpec
    from dnne_ros.jobs.pipelines.study import Dimension

_Parsed = TypeVar("_Parsed")
_AT_ONCE = 2
_MOST_TRIALS = 1000


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sweep``, and ``compare`` for one that has been submitted."""
    sweep = actions.add_parser(
        "sweep", help="run a workflow with many settings",
        description="Submit a job for each combination of values and seeds.",
        epilog="example: dnne-ros jobs sweep cartpole.json --max-updates 100 --seeds 3 --param "
               "6.learning_rate=log:1e-4..1e-2/4 --param 6.gamma=0.95,0.99; with --optuna 20, "
               "--param 6.learning_rate=log:1e-4..1e-2 is all of that range")
    sweep.add_argument("what", metavar="WORKFLOW")
    sweep.add_argument("--param", action="append", default=[], metavar="NODE.WIDGET=VALUES",
                       help="values: a,b,c, or lin:LOW..HIGH/N, or log:LOW..HIGH/N")
    sweep.add_argument("--seeds", type=count, default=1, metavar="N",
                       help="run each with the seeds 0 to N-1 (default 1)")
    sweep.add_argument("--optuna", type=count, metavar="N",
                       help="not all combinations, but N trials, each proposed by Optuna from "
                            "what has come of those before; a trial's figure is the mean over its "
                            "seeds")
    sweep.add_argument("--at-once", type=count, default=_AT_ONCE, metavar="K",
                       help=f"with --optuna: so many trials at a time (default {_AT_ONCE})")
    sweep.add_argument("--metric", default=METRIC, metavar="FIGURE",
                       help=f"the figure of the report that counts (default {METRIC})")
    sweep.add_argument("--minimize", action="store_true", help="less of it is better")
    add_treatment(sweep)
    add_run_options(sweep)
    sweep.set_defaults(act=_sweep)
    compare = actions.add_parser(
        "compare", help="a table of a sweep's runs, and the best one's command line",
        description="Show the runs of a sweep, the best first.")
    compare.add_argument("sweep", type=count, metavar="SWEEP")
    compare.add_argument("--metric", metavar="FIGURE",
                         help="the figure of the report that counts (default: the sweep's)")
    compare.add_argument("--plot", metavar="FILE.png",
                         help="draw the metric against each parameter")
    compare.set_defaults(act=_compare)
    for parser in (sweep, compare):
        add_store(parser)


def _sweep(options: argparse.Namespace) -> int:
    if options.optuna is not None:
        return _study(options)
    from dnne_ros.jobs.pipelines.sweep import Parameter, settings, submit_sweep

    parameters = _parsed(options, Parameter.parse)
    try:
        runs = settings(parameters, options.seeds)
    except ValueError as error:
        raise InputError("sweep", [str(error)]) from None
    spec = _checked(options, {each.name: each.values for each in parameters})
    with open_store(options) as store:
        sweep, jobs = submit_sweep(store, spec, runs, options.metric, options.minimize)
    say(f"sweep {sweep}: {len(jobs)} jobs, {jobs[0]} to {jobs[-1]}")
    return 0


def _study(options: argparse.Namespace) -> int:
    if importlib.util.find_spec("optuna") is None:
        raise InputError("sweep", ["--optuna: Optuna is not installed: pip install "
                                   "'dnne_ros[jobs]'"])
    if options.optuna > _MOST_TRIALS or not options.param:
        raise InputError("sweep", ["--optuna: expected at least one --param" if not options.param
                                   else f"--optuna: expected at most {_MOST_TRIALS} trials"])
    from dnne_ros.jobs.pipelines.study import Dimension, Study, begin_study

    dimensions: list[Dimension] = _parsed(options, Dimension.parse)
    spec = _checked(options, {each.name: each.ends for each in dimensions})
    with open_store(options) as store:
        sweep, jobs = begin_study(store, Study(
            spec, dimensions, options.optuna, options.seeds, options.metric, options.minimize),
            options.at_once)
    say(f"sweep {sweep}: {options.optuna} trials; the first are jobs {jobs[0]} to {jobs[-1]}")
    return 0


def _parsed(options: argparse.Namespace, parse: Callable[[str], _Parsed]) -> list[_Parsed]:
    """Return what each ``--param`` says; `InputError` with all that are wrong."""
    problems: list[str] = []
    found: list[_Parsed] = []
    for text in options.param:
        try:
            found.append(parse(text))
        except ValueError as error:
            problems.append(f"--param {error}")
    if problems:
        raise InputError("sweep", problems)
    return found


def _checked(options: argparse.Namespace, values: Mapping[str, Sequence[str]]) -> JobSpec:
    """Return the job of a sweep; `InputError` if it, or one of the values, would be refused."""
    from dnne_ros.jobs.description.job_file import spec_of_order
    from dnne_ros.jobs.pipelines.sweep import words_of

    order = {**order_of(options), "workflow": options.what}
    words = run_options_of(options)
    spec, cron = spec_of_order({**order, "options": words}, options.what, Path.cwd(),
                               trusted_words(options))
    if cron:
        raise InputError("sweep", ["--cron: not for a sweep"])
    # Every value is tried, each once, so that all wrong ones are named before anything runs.
    for name, each in values.items():
        for value in each:
            spec_of_order({**order, "options": [*words, *words_of({name: value})]},
                          options.what, Path.cwd(), trusted_words(options))
    return spec


def _compare(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.commands.views import columns
    from dnne_ros.jobs.pipelines.sweep import best_command, goal_of, plot, runs_of

    with open_store(options) as store:
        metric, minimize = goal_of(store, options.sweep)
        metric = options.metric or metric
        runs = runs_of(store, options.sweep, metric, minimize)
        if not runs:
            raise InputError(store.named, [f"there is no sweep {options.sweep}"])
        best = best_command(store, runs[0]) if runs[0].value is not None else ""
    names = list(runs[0].setting)
    for line in columns([("job", "state", metric, *names), *(
            (str(run.job.id), run.job.state, "–" if run.value is None else f"{run.value:.6g}",
             *(run.setting[name] for name in names)) for run in runs)]):
        say(line)
    if best:
        say(f"best: {best}")
    if options.plot:
        try:
            write_file(Path(options.plot), plot(runs, metric))
        except OSError as error:
            raise InputError(options.plot, [f"cannot write: {error.strerror}"]) from None
    return 0
