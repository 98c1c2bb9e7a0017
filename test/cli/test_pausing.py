"""A run that stands still while the parameter ``run.paused`` of its nodes is true."""

import json

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Log, ParameterEvent
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from std_msgs.msg import Float64

PAUSED = "run.paused"
NODES = {f"/cartpole_ppo/{name}" for name in (
    "isaac_gym_env_1", "or_2", "ppo_agent_3", "isaac_gym_step_4", "cartpole_action_5",
    "ppo_trainer_6", "display_7")}
SMALL = ("--set", "1.num_envs=16", "--set", "6.minibatch_size=64", "--quiet")
TRAINER = "/cartpole_ppo/ppo_trainer_6"


class Tools:
    """What somebody with ROS' own tools sees of a graph, and sets."""

    def __init__(self, ros_loop):
        self._loop = ros_loop
        self.node = ros_loop.node("tools")
        self._events, self._statuses = [], []
        self.node.create_subscription(ParameterEvent, "/parameter_events", self._events.append,
                                      100)
        self.node.create_subscription(
            DiagnosticArray, "/diagnostics",
            lambda array: self._statuses.extend(array.status), 100)

    async def set(self, node, name, value):
        """Set a parameter, and return the result."""
        answer = await self._answer(node, "set_parameters", [Parameter(name, value=value)])
        return answer.results[0]

    async def describe(self, node, name):
        return (await self._answer(node, "describe_parameters", [name])).descriptors[0]

    async def _answer(self, node, call, what):
        client = AsyncParameterClient(self.node, node)
        await self._loop.until(client.services_are_ready)
        future = getattr(client, call)(what)
        await self._loop.until(future.done)
        return future.result()

    async def meet(self, nodes=NODES):
        """Wait until nodes have answered: they know then of the earlier subscriptions, too."""
        for node in nodes:
            await self.describe(node, PAUSED)

    async def until_all_say(self, paused, nodes=NODES):
        """Wait until all nodes have told of it by parameter events."""
        def told():
            return {event.node for event in self._events for each in event.changed_parameters
                    if each.name == PAUSED and each.value.bool_value == paused}
        await self._loop.until(lambda: told() >= nodes)
        self._events.clear()

    async def counts(self):
        """Return what the next diagnostics but one say of how many items each node has moved."""
        self._statuses.clear()

        def found():
            said = {}
            for status in self._statuses:
                if status.name in NODES:
                    values = {pair.key: pair.value for pair in status.values}
                    said.setdefault(status.name, []).append((values["taken"], values["sent"]))
            return said

        await self._loop.until(lambda: sum(len(each) > 1 for each in found().values())
                               == len(NODES))
        return {name: counts[-1] for name, counts in found().items()}


@pytest.fixture
def tools(ros_loop):
    return Tools(ros_loop)


@pytest.fixture(scope="module")
def losses(start_command, cartpole, tmp_path_factory):
    """Return those of a run that nobody pauses."""
    folder = tmp_path_factory.mktemp("straight")
    run = start_command("dnne_ros", "run", cartpole, *SMALL, "--max-updates", "60", "--report",
                        "report.json", folder=folder)
    assert run.wait() == 0, run.output
    return json.loads((folder / "report.json").read_text())["losses"]


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_run_stands_still_and_goes_on_with_the_same_numbers(
        ros_loop, tools, start_run, cartpole, losses, place):
    run = start_run(cartpole, *SMALL, "--place", place)
    scores, logged = [], []
    tools.node.create_subscription(Log, "/rosout", logged.append, 100)
    tools.node.create_subscription(Float64, f"{TRAINER}/mean_return", scores.append, 10)

    async def main():
        await tools.meet()
        await ros_loop.until(lambda: scores)
        # Whichever node is told, it is the run that stands still.
        assert (await tools.set("/cartpole_ppo/ppo_agent_3", PAUSED, True)).successful
        await tools.until_all_say(True)
        assert await tools.counts() == await tools.counts()
        assert (await tools.set("/cartpole_ppo/or_2", PAUSED, False)).successful
        await tools.until_all_say(False)
        scores.clear()
        await ros_loop.until(lambda: len(scores) > 2)
        assert (await tools.set(TRAINER, "max_updates", 1)).successful  # it ends with the next

    ros_loop.run(main(), run)
    assert run.wait() == 0, run.output
    common = min(len(losses), len(run.report["losses"]))
    assert common > 3 and run.report["losses"][:common] == losses[:common]
    assert "the run is paused until run.paused is false" in run.output
    assert "the run goes on" in run.output
    # One word of each process, by the name of a node.
    said = [log.name for log in logged if log.msg == "the run goes on"]
    assert len(said) == (1 if place == "fused" else 6) == len(set(said))
    assert {f"/{name.replace('.', '/')}" for name in said} <= NODES
    assert "not moved" not in run.output and "nothing has moved" not in run.output


def test_a_run_may_begin_paused_and_be_ended_so(ros_loop, tools, start_run, cartpole,
                                                parameter_file):
    path = parameter_file("/**/ppo_agent_3: {ros__parameters: {run.paused: true}}")
    run = start_run(cartpole, *SMALL, "--place", "split", "--save-checkpoint-dir", "saved",
                    "--ros-args", "--params-file", path)

    async def main():
        await tools.meet()
        assert (await tools.describe("/cartpole_ppo/or_2", PAUSED)).description
        assert set((await tools.counts()).values()) == {("0", "0")}

    ros_loop.run(main(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert run.report["updates"] == 0 and "Traceback" not in run.output


def test_what_a_robot_would_obey_later_is_not_held_up(ros_loop, tools, start_run, repository):
    run = start_run(repository / "docs" / "examples" / "scan_points.json")
    node = "/scan_points/sensor_publisher_2"

    async def main():
        refused = await tools.set(node, PAUSED, True)
        assert not refused.successful
        assert "sensor_publisher_2 would obey what is on its way" in refused.reason
        assert "--lifecycle" in refused.reason
        described = await tools.describe(node, PAUSED)
        assert described.read_only and "--lifecycle" in described.additional_constraints
        assert (await tools.set(node, PAUSED, False)).successful  # as ros2 param load does

    ros_loop.run(main(), run)
