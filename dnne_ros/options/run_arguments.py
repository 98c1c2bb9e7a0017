"""The arguments of a run, shared by ``dnne-ros run`` and the processes that it starts."""

from __future__ import annotations

import argparse

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.options.first_states import read_first
from dnne_ros.options.first_weights import first_weight_files, holds_weights_alone
from dnne_ros.options.option import Option
from dnne_ros.options.run_settings import RUN_OPTIONS, RunSettings

PLACE = Option(
    "place", "one process, as many as the port types allow, or a YAML/JSON file (default: as the "
    "workflow says, else fused)", kind="file", metavar="fused|split|FILE",
    explanation="How nodes are put into processes: 'fused' (one process), 'split' (as many as the "
    "port types allow), or a YAML/JSON file {processes: {NAME: [NODE, ...]}}. Empty: as the "
    "workflow says, else fused.")


def add_run_arguments(parser: argparse.ArgumentParser, *, launched: bool = False) -> None:
    """Add --place and the run options; ``launched``: in the form that launch files give them."""
    for option in (PLACE, *RUN_OPTIONS):
        option.add_to(parser, launched=launched)


def run_settings(options: argparse.Namespace) -> RunSettings:
    """Return the settings that the arguments say."""
    return RunSettings(**{option.name: getattr(options, option.name) for option in RUN_OPTIONS})


def check_host_options(settings: RunSettings) -> None:
    """Raise `InputError` for options of a run on several hosts that does not say which this is."""
    given = [option.word for option in RUN_OPTIONS
             if option.for_hosts and getattr(settings, option.name) is not None]
    if given and settings.host is None:
        raise InputError(", ".join(given), ["expected --host NAME, too: which host this is"])


def check_checkpoints(options: argparse.Namespace, graph: Graph | None) -> list[str]:
    """Find out before the start that a checkpoint cannot be written or read; `InputError`.

    All files of the one that the run begins with are checked, and that it fits the graph, if that
    is known.  Returns what a user should know.
    """
    if options.save_checkpoint_dir:
        CheckpointStore(options.save_checkpoint_dir).prepare()
    checkpoint = None
    if options.load_checkpoint_dir and holds_weights_alone(options.load_checkpoint_dir):
        if graph is not None:
            first_weight_files(graph, run_settings(options))
    elif graph is not None:
        checkpoint = read_first(graph, run_settings(options), wanted=())
    elif options.load_checkpoint_dir:
        checkpoint = Checkpoint.read(options.load_checkpoint_dir, wanted=())
    if checkpoint is not None and checkpoint.manifest.files is None:
        return [f"{checkpoint.directory}: a checkpoint of an earlier version, without digests: a "
                "changed number in it would not be noticed"]
    return []


def run_words(options: argparse.Namespace) -> list[str]:
    """Return the arguments again, for the command line of another process."""
    return [word for option in (PLACE, *RUN_OPTIONS)
            for word in option.words(getattr(options, option.name))]
