"""Every workflow of the package runs, in one process and in as many as there may be."""

import struct
import time
from pathlib import Path

import numpy
import pytest

from dnne_ros.top.state import TopState

# Those that need a robot run with one: test_robot.py, test_through_ros.py and
# test_policy_gate.py.
NEEDS_A_ROBOT = ("cartpole_on_robot", "cartpole_through_ros", "cartpole_gated")
WORKFLOWS = [path for path in sorted(
    (Path(__file__).parents[2] / "config" / "workflows").glob("*.json"))
    if path.stem not in NEEDS_A_ROBOT]

ENVPOOLS = ("envpool_ant", "go1_velocity", "envpool_half_cheetah", "panda_pick_cube")

# What a workflow is given to do something useful soon.
SMALLER = {
    "cartpole_balance": ("--trust", "{workflows}"),
    "cifar10_mlp": ("--set", "1.data_path={pictures}", "--set", "2.batch_size=8"),
    "cartpole_ppo": ("--set", "1.num_envs=8"),
    "half_cheetah_ppo": ("--set", "1.num_envs=2", "--set", "6.horizon_length=8", "--set",
                         "6.minibatch_size=8"),
    "cartpole_recurrent": ("--set", "1.num_envs=2", "--set", "6.horizon_length=8"),
    "reach_by_camera": ("--trust", "{workflows}", "--set", "1.num_envs=4"),
    **dict.fromkeys(ENVPOOLS, ("--set", "1.num_envs=4", "--set", "6.horizon_length=8")),
    "mnist_cnn": ("--set", "1.data_path={digits}", "--set", "2.batch_size=8"),
    "mnist_mlp": ("--set", "1.data_path={digits}", "--set", "2.batch_size=8"),
    "trajectory_steps": ("--set", "1.src_path={trajectory}"),
}
# With which reason those end that need nobody to end them.
ENDS_BY_ITSELF = {"cifar10_mlp": "max_epochs", "mnist_cnn": "max_epochs",
                  "mnist_mlp": "max_epochs", "cartpole_ppo_config": "max_updates",
                  "cartpole_episodes": "max_episodes", "cartpole_balance": "max_episodes",
                  "cartpole_leapp": "max_episodes"}
NEEDS = {"half_cheetah_ppo": "gymnasium", "cartpole_recurrent": "gymnasium",
         **dict.fromkeys(ENVPOOLS, "envpool")}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Return a folder with 32 made-up digits in MNIST's format."""
    folder = tmp_path_factory.mktemp("digits")
    random = numpy.random.default_rng(0)
    for prefix in ("train", "t10k"):
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(
            struct.pack(">4i", 2051, 32, 28, 28) + random.bytes(32 * 28 * 28))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2i", 2049, 32) + bytes(i % 10 for i in range(32)))
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a folder with 20 made-up pictures in CIFAR-10's binary format."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "cifar-10-batches-bin").mkdir()
    random = numpy.random.default_rng(0)
    for number in range(1, 6):
        (folder / "cifar-10-batches-bin" / f"data_batch_{number}.bin").write_bytes(
            b"".join(bytes((label,)) + random.bytes(3072) for label in range(4)))
    return folder


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory):
    """Return a file with some rows of four numbers."""
    path = tmp_path_factory.mktemp("trajectory") / "trajectory.csv"
    path.write_text("x,y,z,time\n" + "".join(f"{row},{2 * row},0,{row / 100}\n"
                                             for row in range(5)))
    return path


@pytest.fixture
def inputs(digits, pictures, trajectory):
    """Return the files above by name, and the folder of the workflows."""
    return {"digits": digits, "pictures": pictures, "trajectory": trajectory,
            "workflows": WORKFLOWS[0].parent}


@pytest.mark.parametrize("place", ["fused", "split"])
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs(start_run, ros_loop, inputs, workflow, place):
    name = workflow.stem
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    arguments = [word.format(**inputs) for word in SMALLER.get(name, ())]
    run = start_run(workflow, "--place", place, "--quiet", *arguments)
    if name not in ENDS_BY_ITSELF:
        until_most_moves(run, ros_loop)
        run.interrupt()
    assert run.wait() == (0 if name in ENDS_BY_ITSELF else 130), run.output
    report = run.report
    assert (len(report["processes"]) == 1) == (place == "fused")
    assert report["exit_reason"] == ENDS_BY_ITSELF.get(name, "interrupted")
    assert not [edge for edge in report["edges"] if edge["lost"] or edge["duplicated"]]
    assert most(edge["received"] for edge in report["edges"]), report["edges"]


def most(received):
    """Tell whether most edges have moved: some wait for the end of a long episode."""
    moved = [bool(count) for count in received]
    return sum(moved) > len(moved) / 2


def until_most_moves(run, ros_loop):
    """Wait until something has come over most edges of the graph, as the graph itself says."""
    from diagnostic_msgs.msg import DiagnosticArray

    state = TopState()
    ros_loop.node("watcher").create_subscription(
        DiagnosticArray, "/diagnostics", lambda array: state.note(array, time.monotonic()), 100)

    def moves():
        return any(not graph.silent and most(
            edge.values.get("received") for edge in graph.edges().values())
            for graph in state.graphs.values())

    ros_loop.run(ros_loop.until(moves), run)
