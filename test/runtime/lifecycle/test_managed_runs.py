"""A robot's graph as a managed node, in the hands of a manager that knows nothing of us."""

import asyncio
from itertools import count

import pytest
from lifecycle_manager import LEANING
from lifecycle_msgs.srv import GetAvailableTransitions
from rclpy.time import Time
from rosgraph_msgs.msg import Clock

from dnne_ros.cli.main import main

GRAPH = "docs/examples/cartpole_onnx.json"
PERIOD_NS = 16_666_667
"""One of the policy's periods, in nanoseconds."""


PLACES = pytest.mark.parametrize("place", ["fused", "split"])
"""Split: three processes, of which one has the managed node."""


@pytest.mark.parametrize("place", [pytest.param("fused", marks=pytest.mark.long), "split"])
def test_a_manager_takes_a_robot_through_all_states(managed, manager, ros_loop, place):
    run = managed("--place", place)

    async def course():
        assert await manager.state() == "unconfigured"
        assert await manager.change("activate") == (False, "unconfigured")
        assert await manager.change("configure") == (True, "inactive")
        offered = await manager.call(GetAvailableTransitions, "get_available_transitions",
                                     GetAvailableTransitions.Request())
        assert {each.transition.label for each in offered.available_transitions} == {
            "activate", "cleanup", "shutdown"}
        for before, timeout in ((0.1, 0.2), (0.2, 0.3)):
            assert await manager.change("activate") == (True, "active")
            assert await manager.timeout() == before
            await manager.set_timeout(timeout)
            await manager.until_commanded()
            assert await manager.change("deactivate") == (True, "inactive")
            await ros_loop.until(lambda: manager.commands[-1] == [0.0])  # the safe command
        known = len(manager.commands)
        for _ in range(10):  # nobody acts on what is heard now, nor later
            manager.joints.publish(LEANING)
            await asyncio.sleep(0.01)
        assert await manager.timeout() == 0.3  # it stays until it is taken apart
        assert await manager.change("cleanup") == (True, "unconfigured")
        assert await manager.change("configure") == (True, "inactive")
        assert await manager.timeout() == 0.1
        assert await manager.change("activate") == (True, "active")
        assert not any(any(command) for command in manager.commands[known:])
        await manager.until_commanded()
        assert await manager.change("shutdown") == (True, "finalized")
        await ros_loop.until(lambda: manager.commands[-1] == [0.0])
        return manager.events

    events = ros_loop.run(course(), run)
    assert run.wait() == 0, run.output
    assert [label for label in events if label in ("active", "inactive")] == [
        "inactive", "active", "inactive", "active", "inactive", "inactive", "active"]


@PLACES
def test_what_does_not_fit_is_not_configured_and_what_fails_is_not_active(
        managed, manager, ros_loop, tmp_path, place):
    run = managed("--set", "1.when_stale=stop", "--place", place)
    model = tmp_path / "docs/examples/cartpole_policy/policy.onnx"
    content = model.read_bytes()

    async def course():
        assert await manager.state() == "unconfigured"
        model.write_bytes(content[:-1])
        assert await manager.change("configure") == (False, "unconfigured")
        await ros_loop.until(lambda: "policy.onnx is damaged" in "".join(manager.troubles))
        model.write_bytes(content)
        assert await manager.change("configure") == (True, "inactive")
        assert await manager.change("activate") == (True, "active")
        # No joint state comes, which ends the run: by itself, it is inactive, and says why.
        await ros_loop.until(lambda: manager.events[-1:] == ["inactive"])
        await ros_loop.until(lambda: "/joint_states" in manager.troubles[-1])
        assert await manager.change("activate") == (True, "active")

    ros_loop.run(course(), run)
    run.interrupt()
    run.wait()
    assert "policy.onnx is damaged" in run.output


@pytest.mark.parametrize("words, said", [
    (("config/workflows/cartpole_ppo.json", "--save-checkpoint-dir", "c"),
     "expected a graph that does not learn, found ppo_trainer_6")])
def test_what_cannot_be_managed_is_refused(words, said, repository, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(repository)
    words = [word if word != "c" else str(tmp_path / "c") for word in words]
    assert main(["run", *words, "--lifecycle"]) == 2
    assert said in capsys.readouterr().err


def test_a_killed_process_is_started_again_and_the_graph_is_inactive(managed, manager, ros_loop):
    run = managed("--place", "split")

    async def course():
        assert await manager.change("configure") == (True, "inactive")
        assert await manager.change("activate") == (True, "active")
        await manager.until_commanded()
        policy = run.child("onnx_policy_2")
        policy.kill()
        await ros_loop.until(lambda: manager.events[-1:] == ["inactive"])
        await ros_loop.until(lambda: manager.troubles)
        assert manager.troubles[-1] == "process onnx_policy_2 has died and was started again"
        assert manager.commands[-1] == [0.0]
        assert run.child("onnx_policy_2").pid != policy.pid
        assert await manager.change("activate") == (True, "active")
        await manager.until_commanded()
        assert await manager.change("deactivate") == (True, "inactive")
        run.child("robot_controller_3").kill()  # while nothing runs
        while await manager.change("activate") != (True, "active"):
            assert await manager.state() == "inactive"  # it was not there yet
        await manager.until_commanded()

    ros_loop.run(course(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert run.output.count("it is started again") == 2


def test_a_robot_is_safe_before_its_clock_moves_on(managed, manager, ros_loop):
    """With simulated time that stands still, as a simulator's that is paused."""
    run = managed("--place", "split", "--ros-args", "-p", "use_sim_time:=true")
    clock = manager.node.create_publisher(Clock, "/clock", 10)
    periods = count(1)

    def tick():
        clock.publish(Clock(clock=Time(nanoseconds=next(periods) * PERIOD_NS).to_msg()))

    async def course():
        assert await manager.change("configure") == (True, "inactive")
        assert await manager.change("activate") == (True, "active")
        await manager.until_commanded(tick)
        assert await manager.change("deactivate") == (True, "inactive")
        await ros_loop.until(lambda: manager.commands[-1] == [0.0])
        known = len(manager.commands)
        assert await manager.change("activate") == (True, "active")
        for _ in range(10):
            tick()
            await asyncio.sleep(0.01)
        assert not any(any(command) for command in manager.commands[known:])

    ros_loop.run(course(), run)
    run.interrupt()
    run.wait()


def test_it_may_be_named_as_a_launch_file_names_it(managed, manager, ros_loop):
    run = managed("--place", "split", "--ros-args", "-r", "__node:=walker")
    manager.name = "/cartpole_onnx/walker"

    async def course():
        assert await manager.change("configure") == (True, "inactive")
        await ros_loop.until(lambda: {  # the graph's nodes keep their names
            "walker", "ros_subscriber_1", "onnx_policy_2", "robot_controller_3"} <= {
                name for name, _ in manager.node.get_node_names_and_namespaces()})

    ros_loop.run(course(), run)
    run.interrupt()
    run.wait()


def test_many_activations_leave_nothing_behind(managed, manager, ros_loop):
    """Neither in the processes nor, as everybody else would see, on DDS."""
    run = managed("--place", "split")

    def held():
        children = run.children().values()
        return (sum(child.num_fds() for child in children),
                sum(child.num_threads() for child in children), manager.endpoints())

    async def course():
        assert await manager.change("configure") == (True, "inactive")
        found = []
        for _ in range(50):
            assert await manager.change("activate") == (True, "active")
            assert await manager.change("deactivate") == (True, "inactive")
            found.append(held())
        # What is to be gone may be seen for a moment more; what stays is seen for ever.
        most = [max(each) for each in zip(*found[:10])]
        await ros_loop.until(lambda: all(now <= first for now, first in zip(held(), most)))

    ros_loop.run(course(), run)
    run.interrupt()
    run.wait()
