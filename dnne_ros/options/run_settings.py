"""What a run is asked for, beside its graph and placement: each line declares a run option.

A line here is all that a new option takes: the arguments of ``dnne-ros run`` and of the processes
that it starts, those of ``ros2 launch``, and the launch files of exported packages follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from dnne_ros.options import readings
from dnne_ros.options.option import Option


def _option(help: str, **details: Any) -> Any:
    """Declare a field as an option; ``details`` are those of `Option`."""
    declared = Option("", help, **details)
    return field(default=declared.default_value, metadata={"option": declared})


@dataclass(frozen=True)
class RunSettings:
    """Settings that hold for every process of a run; times are in seconds."""

    seed: int = _option(
        "seed of every random generator", default="0", read=readings.whole_number, metavar="N")
    inference: bool = _option(
        "freeze the weights, act with the mean action, keep real time", default="false",
        kind="flag")
    new_episodes: bool = _option(
        "begin all episodes anew, instead of going on with those of the checkpoint",
        default="false", kind="flag")
    until_return: float | None = _option(
        "end once the mean return of the last 100 episodes reaches R", read=float, metavar="R",
        explanation="End once the mean return of the last 100 episodes reaches this.")
    duration: float | None = _option(
        "end after this long, from when all nodes run: 90s, 5m, 1h30m", read=readings.duration,
        metavar="T", also=("--timeout",))
    max_updates: int | None = _option(
        "end with this update of the policy, those of its checkpoint included",
        read=readings.count, metavar="N")
    max_env_steps: int | None = _option(
        "end with the update in which so many environment steps are reached, those of the "
        "checkpoint included; with --inference, as soon as they are reached", read=readings.count,
        metavar="N")
    epochs: int | None = _option(
        "end with this epoch of supervised learning, those of the checkpoint included: counts "
        "instead of the workflow's max_epochs", read=readings.count, metavar="N")
    save_checkpoint_dir: str | None = _option(
        "write checkpoints here: as the trainer's widgets say, and at the end", kind="file",
        metavar="D", explanation="Write checkpoints here: as the trainer's widgets say, and at "
        "the end, also on Ctrl-C.")
    load_checkpoint_dir: str | None = _option(
        "start from the checkpoint in this directory", kind="file", metavar="D")
    allow_missing: bool = _option(
        "let nodes begin afresh of which the checkpoint holds no state", default="false",
        kind="flag")
    peer_timeout: float = _option(
        "how long the processes wait for each other at the start", default="60s",
        read=readings.duration, metavar="T",
        explanation="How long the processes wait for each other at the start: 90s, 5m.")
    absent_after: float = _option(
        "name a process that gives no sign of life for this long; each edge to it then waits, "
        "drops or fails, as it says", default="10s", read=readings.duration, metavar="T")
    strict_runtime: bool = _option(
        "refuse to run where a policy's runtime (cuda, tensorrt) is missing, instead of taking "
        "the next", default="false", kind="flag")
    lifecycle: bool = _option(
        "be a managed node, NAMESPACE/lifecycle: load, run and stop as `ros2 lifecycle` says",
        default="false", kind="flag", explanation="Be a managed node, NAMESPACE/lifecycle, which "
        "loads, runs and stops as `ros2 lifecycle` or nav2's lifecycle manager says.")
    host: str | None = _option(
        "which host of the placement this machine is: run its processes, and meet the others",
        metavar="NAME", for_hosts=True, explanation="Which host of the placement this machine is: "
        "its processes run here, and meet those of the others. Empty: all run here.")
    wait: float | None = _option(
        "end if the other hosts have not come after this long (default: wait for ever)",
        read=readings.duration, metavar="T", for_hosts=True,
        explanation="End if the other hosts have not come after this long: 90s, 5m. Empty: wait "
        "for ever.")
    key_file: str | None = _option(
        "a file, of mode 0600, with the key that all hosts of the run share (default: what "
        "DNNE_ROS_RUN_KEY holds)", kind="file", metavar="FILE", for_hosts=True,
        explanation="A file, of mode 0600, with the key that all hosts of the run share. Empty: "
        "what DNNE_ROS_RUN_KEY holds.")
    peers: str | None = _option(
        "addresses of the other hosts, where the network has no multicast",
        read=readings.addresses, metavar="A,B", for_hosts=True,
        explanation="Addresses of the other hosts, A,B, where the network has no multicast.")
    respawn: bool = _option(
        "start a process that is killed again, as far as nothing is lost with it; `check "
        "--respawn` tells which", default="false", kind="flag", packaged=False,
        explanation="Start again what fails, instead of ending the launch: a process that is "
        "killed comes back alone, if nothing is lost with it; else the whole graph.")
    no_compile: bool = _option(
        "run each node by itself, instead of merging those that can be (`check --explain`)",
        default="false", kind="flag")
    paused: bool = _option(
        "begin paused: nothing moves until `dnne-ros debug` says so", default="false",
        kind="flag", packaged=False)
    trace: str | None = _option(
        "record what every node does with each item, in Chrome's trace format, for Perfetto and "
        "`dnne-ros trace analyze`", kind="file", metavar="FILE",
        explanation="Record what every node does with each item: `dnne-ros trace analyze FILE`.")
    trace_every: int = _option(
        "record one item in so many, by its number", default="1", read=readings.count,
        metavar="N")
    trace_records: int = _option(
        "how many records of each process are kept, the newest ones, of 56 bytes each",
        default="100000", read=readings.count, metavar="N")
    record: str | None = _option(
        "record every item in an MCAP file, for ros2 bag, Foxglove and `dnne-ros replay`",
        kind="file", metavar="FILE.mcap", packaged=False)
    record_edges: str = _option(
        "which outputs are recorded: all, or names of nodes and outputs with commas",
        default="all", metavar="all|NAMES", packaged=False)
    record_drop: bool = _option(
        "leave items out of the recording where the disk is slower than the graph, instead of "
        "holding that back", default="false", kind="flag", packaged=False)
    record_must: bool = _option(
        "end the run, as failed, if it cannot be recorded any more", default="false",
        kind="flag", packaged=False)
    video: str | None = _option(
        "film the first environment, or the shown one: with --inference from the first step on; "
        "in training every so many updates, as FILE_0.mp4, FILE_100.mp4 …", kind="file",
        metavar="FILE.mp4", packaged=False)
    video_every: int = _option(
        "updates of training between the beginnings of two films", default="100",
        read=readings.count, metavar="N", packaged=False)
    video_seconds: float = _option(
        "how long a film of --video is, in simulated time", default="10s",
        read=readings.duration, metavar="T", packaged=False)
    split: int | None = _option(
        "go on in another file where that of --record reaches this size: 500MB, 1GB",
        read=readings.byte_size, metavar="SIZE", packaged=False)
    no_flight_record: bool = _option(
        "do not keep the last seconds, which are else put aside when something goes wrong",
        default="false", kind="flag")
    flight_seconds: float = _option(
        "how much a flight record holds of what was before", default="30s",
        read=readings.duration, metavar="T")
    flight_dir: str | None = _option(
        "where flight records go, the newest ten (default: flight_records among ROS' log files)",
        kind="file", metavar="D", explanation="Where flight records go, the newest ten. Empty: "
        "flight_records among ROS' log files.")
    metrics: str | None = _option(
        "serve the figures of all processes to Prometheus there (default HOST: this machine "
        "alone)", read=readings.address, metavar="[HOST:]PORT",
        explanation="Serve the figures of all processes to Prometheus at [HOST:]PORT.")
    run_id: str = ""


RUN_OPTIONS = tuple(replace(each.metadata["option"], name=each.name)
                    for each in fields(RunSettings) if each.metadata)
"""The options of a run, in the order in which they are shown."""
