"""The arguments of a run, shared by ``dnne-ros run`` and the processes that it starts."""

from __future__ import annotations

import argparse

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.node_api.checkpoint_trigger import parse_duration
from dnne_ros.runtime.run_settings import RunSettings


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --place, --seed, --inference, --until-return, and the checkpoint directories."""
    parser.add_argument("--place", default="", metavar="fused|split|FILE",
                        help="one process, as many as the port types allow, or a YAML/JSON file "
                             "(default: as the workflow says, else fused)")
    parser.add_argument("--seed", type=_seed, default=0, metavar="N",
                        help="seed of every random generator (default 0)")
    parser.add_argument("--inference", action="store_true",
                        help="freeze the weights, act with the mean action, keep real time")
    parser.add_argument("--until-return", type=float, metavar="R",
                        help="end once the mean return of the last 100 episodes reaches R")
    parser.add_argument("--save-checkpoint-dir", metavar="D",
                        help="write checkpoints here: as the trainer's widgets say, and at the "
                             "end")
    parser.add_argument("--load-checkpoint-dir", metavar="D",
                        help="start from the checkpoint in this directory")
    parser.add_argument("--peer-timeout", type=duration, default=60.0, metavar="T",
                        help="how long the processes wait for each other at the start "
                             "(default 60s)")
    parser.add_argument("--absent-after", type=duration, default=10.0, metavar="T",
                        help="name a process that gives no sign of life for this long; each edge "
                             "to it then waits, drops or fails, as it says (default 10s)")


def run_settings(options: argparse.Namespace) -> RunSettings:
    """Return the settings that the arguments say."""
    return RunSettings(
        seed=options.seed, inference=options.inference, until_return=options.until_return,
        save_directory=options.save_checkpoint_dir or None,
        load_directory=options.load_checkpoint_dir or None,
        peer_timeout=options.peer_timeout, absent_after=options.absent_after)


def check_checkpoints(options: argparse.Namespace) -> None:
    """Find out before the start that a checkpoint cannot be written or read; `InputError`."""
    if options.save_checkpoint_dir:
        CheckpointStore(options.save_checkpoint_dir).prepare()
    if options.load_checkpoint_dir:
        CheckpointStore(options.load_checkpoint_dir).manifest()


def run_words(options: argparse.Namespace) -> list[str]:
    """Return the arguments again, for the command line of another process."""
    words = ["--seed", str(options.seed), "--peer-timeout", str(options.peer_timeout),
             "--absent-after", str(options.absent_after)]
    for name in ("place", "until_return", "save_checkpoint_dir", "load_checkpoint_dir"):
        value = getattr(options, name)
        if value not in (None, ""):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words + (["--inference"] if options.inference else [])


def duration(text: str) -> float:
    """Return the seconds of ``90``, ``5m`` or ``1h30m``, for argparse."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if not 0 <= seed < 2**63:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, found {text!r}")
    return seed
