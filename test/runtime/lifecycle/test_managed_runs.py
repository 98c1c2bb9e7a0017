"""A robot's graph as a managed node, in the hands of a manager that knows nothing of us."""

import asyncio
import shutil

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from dnne_ros.cli.main import main

GRAPH = "docs/examples/cartpole_onnx.json"
NODE = "/cartpole_onnx/lifecycle"
LEANING = JointState(name=["slider_to_cart", "cart_to_pole"], position=[0.0, 0.1],
                     velocity=[0.0, 0.0])


class Manager:
    """Speaks with the managed node, moves a robot's joints and hears what they are told."""

    def __init__(self, ros_loop):
        self.loop = ros_loop
        self.node = ros_loop.node("manager")
        self.commands, self.events, self.troubles = [], [], []
        self.joints = self.node.create_publisher(
            JointState, "/joint_states", qos_profile_sensor_data)
        self.node.create_subscription(
            Float64MultiArray, "/effort_controller/commands",
            lambda message: self.commands.append(list(message.data)), 10)
        self.node.create_subscription(
            TransitionEvent, f"{NODE}/transition_event",
            lambda message: self.events.append(message.goal_state.label), 10)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)
        self._clients = {}

    def _note(self, message):
        self.troubles += [status.message for status in message.status
                          if status.name == "/cartpole_onnx: lifecycle" and status.level == b"\2"]

    async def call(self, kind, name, request):
        client = self._clients.setdefault(name, self.node.create_client(kind, f"{NODE}/{name}"))
        await self.loop.until(client.service_is_ready)
        answer = client.call_async(request)
        await self.loop.until(answer.done)
        return answer.result()

    async def change(self, label):
        """Ask for a transition; returns whether it went well, and the state behind it."""
        request = ChangeState.Request()
        request.transition.label = label
        done = await self.call(ChangeState, "change_state", request)
        return done.success, await self.state()

    async def state(self):
        found = await self.call(GetState, "get_state", GetState.Request())
        return found.current_state.label

    async def until_commanded(self):
        """Move the joints until the policy pushes."""
        self.commands.clear()
        while not any(any(command) for command in self.commands):
            self.joints.publish(LEANING)
            await asyncio.sleep(0.02)


@pytest.fixture
def manager(ros_loop):
    return Manager(ros_loop)


@pytest.fixture
def managed(start_command, repository, tmp_path):
    """Start the robot's graph in a folder of its own, as a managed node."""
    shutil.copytree(repository / "docs/examples/cartpole_policy",
                    tmp_path / "docs/examples/cartpole_policy")
    started = []

    def start(*options):
        run = start_command("dnne_ros", "run", str(repository / GRAPH), "--lifecycle", "--quiet",
                            *options, folder=tmp_path)
        started.append(run)
        return run
    yield start
    for run in started:
        run.kill()


def test_a_manager_takes_a_robot_through_all_states(managed, manager, ros_loop):
    run = managed()

    async def course():
        assert await manager.state() == "unconfigured"
        assert await manager.change("activate") == (False, "unconfigured")
        assert await manager.change("configure") == (True, "inactive")
        offered = await manager.call(GetAvailableTransitions, "get_available_transitions",
                                     GetAvailableTransitions.Request())
        assert {each.transition.label for each in offered.available_transitions} == {
            "activate", "cleanup", "shutdown"}
        for _ in range(2):
            assert await manager.change("activate") == (True, "active")
            await manager.until_commanded()
            assert await manager.change("deactivate") == (True, "inactive")
            await ros_loop.until(lambda: manager.commands[-1] == [0.0])  # the safe command
        known = len(manager.commands)
        for _ in range(10):  # nobody acts on what is heard now, nor later
            manager.joints.publish(LEANING)
            await asyncio.sleep(0.01)
        assert await manager.change("cleanup") == (True, "unconfigured")
        assert await manager.change("configure") == (True, "inactive")
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


def test_what_does_not_fit_is_not_configured_and_what_fails_is_not_active(
        managed, manager, ros_loop, tmp_path):
    run = managed("--set", "1.when_stale=stop")
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
        # No joint state comes, which ends the run: by itself, it is to be configured anew.
        await ros_loop.until(lambda: manager.events[-1:] == ["unconfigured"])
        assert "errorprocessing" in manager.events
        await ros_loop.until(lambda: "/joint_states" in manager.troubles[-1])
        assert await manager.change("configure") == (True, "inactive")

    ros_loop.run(course(), run)
    run.interrupt()
    run.wait()
    assert "policy.onnx is damaged" in run.output


@pytest.mark.parametrize("words, said", [
    ((GRAPH, "--place", "split"), "expected a graph in one process, found 3"),
    (("config/workflows/cartpole_ppo.json", "--save-checkpoint-dir", "c"),
     "expected a graph that does not learn, found ppo_trainer_6")])
def test_what_cannot_be_managed_is_refused(words, said, repository, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(repository)
    words = [word if word != "c" else str(tmp_path / "c") for word in words]
    assert main(["run", *words, "--lifecycle"]) == 2
    assert said in capsys.readouterr().err
