"""``dnne-ros run --record``: what is checked before the run, and done when it is over."""

from __future__ import annotations

import argparse
from pathlib import Path

from dnne_ros.cli.output import say
from dnne_ros.cli.report import RunReport
from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.recording.installed import check_recording

_ONLY_WITH = ("record_edges", "record_drop", "record_must", "split")


def check_record(options: argparse.Namespace, graph: Graph) -> None:
    """Find out before the run that it cannot be recorded as asked for; `InputError`."""
    if not options.record:
        given = [name for name in _ONLY_WITH
                 if getattr(options, name) != getattr(RunSettings(), name)]
        if given:
            raise InputError(", ".join(f"--{name.replace('_', '-')}" for name in given),
                             ["expected --record FILE.mcap, too: what is recorded, and where"])
        return
    if not options.record.endswith(".mcap"):
        raise InputError("--record", [
            f"expected a name that ends in .mcap, found {options.record!r:.200}"])
    check_recording("--record")
    from dnne_ros.recording.channels import Channels

    Channels.of(graph, options.record_edges)


def end_recording(options: argparse.Namespace, report: RunReport) -> list[str]:
    """Give the recording its end, if its processes could not, and return what went wrong.

    A recording that has stopped is no failure of the run, unless there must be one.
    """
    from dnne_ros.recording.shared_file import finish_left_over

    wrong = [report.unrecorded] if report.unrecorded else []
    try:
        finish_left_over(Path(options.record))
    except OSError as error:
        endless = f"{options.record}: has no end, but can be replayed: {error.strerror}"
        if not options.record_must:
            say(f"warning: --record: {endless}", error=True)
        wrong.append(endless)
    return [f"--record-must: {each}" for each in wrong] if options.record_must else []
