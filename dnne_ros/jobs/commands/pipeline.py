"""``dnne-ros jobs pipeline``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.cli.output import say
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.jobs.commands.command import add_store, open_store
from dnne_ros.jobs.commands.submit import TRUSTED, trusted_words
from dnne_ros.options.readings import count

if TYPE_CHECKING:
    from dnne_ros.jobs.pipelines.pipeline import PipelineRecord


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pipeline`` with its own actions."""
    parser = actions.add_parser(
        "pipeline", help="stages with routes for pass and fail",
        description="Run pipelines: stages that are jobs, with routes for pass and fail.",
        epilog="example: dnne-ros jobs pipeline run train_and_deploy.yaml --wait")
    steps = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    run = steps.add_parser("run", help="begin a pipeline", description="Begin a pipeline.")
    run.add_argument("file", metavar="PIPELINE.yaml")
    for option in TRUSTED:
        option.add_to(run)
    run.add_argument("--wait", action="store_true", help="wait until it has ended")
    run.set_defaults(act=_run)
    show = steps.add_parser("show", help="what a pipeline has done",
                            description="Show what a pipeline has done.")
    show.add_argument("pipeline", type=count, metavar="PIPELINE")
    show.set_defaults(act=_show)
    picture = steps.add_parser("visualise", help="draw a pipeline as SVG",
                               description="Draw a pipeline as SVG: its file, or one that runs.")
    picture.add_argument("what", metavar="PIPELINE.yaml|PIPELINE")
    picture.add_argument("-o", "--output", required=True, metavar="FILE.svg")
    picture.set_defaults(act=_draw)
    for each in (run, show, picture):
        add_store(each)


def _run(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.pipelines.pipeline import Pipeline, wait

    pipeline = Pipeline.read(options.file, trusted_words(options))
    with open_store(options) as store:
        number = pipeline.submit(store)
        say(f"pipeline {number}: {pipeline.plan.name}, {' '.join(pipeline.plan.stages)}",
            flush=True)
        if not options.wait:
            return 0
        found = wait(store, number)
    _say(found)
    return 0 if found.state == "succeeded" else 1


def _show(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.commands.views import job_lines
    from dnne_ros.jobs.pipelines.pipeline import record

    with open_store(options) as store:
        found = record(store, options.pipeline)
        jobs = store.jobs(pipeline=options.pipeline)
        now = store.clock()
    _say(found)
    for line in job_lines(jobs, now):
        say(line)
    return 0


def _say(found: PipelineRecord) -> None:
    reason = f" ({found.reason})" if found.reason else ""
    say(f"pipeline {found.id}: {found.name}, {found.state}{reason}: "
        f"{' → '.join(found.course.path)}")


def _draw(options: argparse.Namespace) -> int:
    from dnne_ros.jobs.pipelines.pipeline import plan_of, record
    from dnne_ros.jobs.pipelines.pipeline_drawing import draw_pipeline
    from dnne_ros.jobs.pipelines.pipeline_file import read_pipeline

    if options.what.isdecimal():
        with open_store(options) as store:
            picture = draw_pipeline(plan_of(store, int(options.what)),
                                    record(store, int(options.what)).course.times)
    else:
        picture = draw_pipeline(read_pipeline(Path(options.what)), {})
    try:
        write_file(Path(options.output), picture.encode())
    except OSError as error:
        raise InputError(options.output, [f"cannot write: {error.strerror}"]) from None
    say(f"wrote {options.output}")
    return 0
