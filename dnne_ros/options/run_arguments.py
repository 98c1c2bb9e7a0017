"""The arguments of a run, shared by ``dnne-ros run`` and the processes that it starts."""

from __future__ import annotations

import argparse
from pathlib import Path

from dnne_ros.checkpoints.checkpoint_store import MANIFEST, CheckpointStore
from dnne_ros.checkpoints.model_files import model_files
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


def check_checkpoints(options: argparse.Namespace) -> None:
    """Find out before the start that a checkpoint cannot be written or read; `InputError`."""
    if options.save_checkpoint_dir:
        CheckpointStore(options.save_checkpoint_dir).prepare()
    directory = options.load_checkpoint_dir
    if directory and ((Path(directory) / MANIFEST).exists()
                      or not model_files(Path(directory))):
        CheckpointStore(directory).manifest()


def run_words(options: argparse.Namespace) -> list[str]:
    """Return the arguments again, for the command line of another process."""
    return [word for option in (PLACE, *RUN_OPTIONS)
            for word in option.words(getattr(options, option.name))]
