"""Parameters, events, logs and diagnostics of a graph, as ROS' own tools ask for them."""

import json

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import ParameterEvent
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.parameter_client import AsyncParameterClient
from std_msgs.msg import Float64MultiArray

NODE = "/cartpole_ppo/ppo_trainer_6"


def nested(values):
    """Return parameters as `ros2 param dump` writes them: names with dots are dictionaries."""
    tree = {}
    for name, value in values.items():
        *path, last = name.split(".")
        place = tree
        for each in path:
            place = place.setdefault(each, {})
        place[last] = value
    return tree


def test_parameters_are_described_dumped_and_loaded(start_command, cartpole, ros_loop, tmp_path):
    run = start_command("dnne_ros", "run", cartpole, "--set", "1.num_envs=16", "--quiet",
                        "--set", "6.horizon_length=8", "--ros-args", "--log-level",
                        "ppo_trainer_6:=debug", folder=tmp_path)
    node = ros_loop.node("tools")
    events, statuses = [], []
    node.create_subscription(ParameterEvent, "/parameter_events", events.append, 100)
    node.create_subscription(DiagnosticArray, "/diagnostics",
                             lambda array: statuses.extend(array.status), 10)
    client = AsyncParameterClient(node, NODE)

    async def answer(future):
        await ros_loop.until(future.done)
        return future.result()

    async def values_of(names):
        values = (await answer(client.get_parameters(names))).values
        return dict(zip(names, map(parameter_value_to_python, values)))

    async def main():
        await ros_loop.until(client.services_are_ready)
        names = (await answer(client.list_parameters([], 0))).result.names
        described = dict(zip(names, (await answer(client.describe_parameters(names))).descriptors))
        dumped = tmp_path / "dump.yaml"
        before = await values_of(names)
        dumped.write_text(yaml.safe_dump({NODE: {"ros__parameters": nested(before)}}))
        await answer(client.set_parameters([Parameter("learning_rate", value=0.0001)]))
        await ros_loop.until(lambda: [
            each.value.double_value for event in events if event.node == NODE
            for each in event.changed_parameters if each.name == "learning_rate"] == [0.0001])
        results = (await answer(client.load_parameter_file(str(dumped)))).results
        assert [result.reason for result in results if not result.successful] == []
        assert await values_of(names) == before
        await ros_loop.until(lambda: any("edge" in each.name for each in statuses))
        return described

    try:
        described = ros_loop.run(main(), run)
    finally:
        run.interrupt()
        run.wait()
    assert described["learning_rate"].floating_point_range and not described[
        "learning_rate"].read_only
    assert described["horizon_length"].read_only
    assert all(each.description for name, each in described.items()
               if name not in ("use_sim_time", "start_type_description_service")), described
    # What diagnostic_aggregator groups by: a prefix of the name, or the hardware.
    assert {status.hardware_id for status in statuses} == {"/cartpole_ppo"}
    assert all(status.name.startswith("/cartpole_ppo") for status in statuses)
    assert not any(character.isspace() for status in statuses if "edge" not in status.name
                   for character in status.name)


RATES = {
    "1": {"class_type": "IMUSensor", "inputs": {"sample_rate": 0.01}},
    "2": {"class_type": "RosPublisher", "inputs": {
        "value": ["1", 0], "topic": "/readings",
        "message_type": "std_msgs/msg/Float64MultiArray", "field": "data"}},
    "3": {"class_type": "RosSubscriber", "inputs": {"policy_input": True, "names": "a"}},
}
"""A reading in a hundred seconds, and joints for a policy."""


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_rate_changes_at_once_but_for_what_a_policy_was_trained_with(
        start_command, ros_loop, tmp_path, place):
    workflow = tmp_path / "rates.json"
    workflow.write_text(json.dumps(RATES))
    run = start_command("dnne_ros", "run", workflow, "--place", place, "--quiet", folder=tmp_path)
    node, readings = ros_loop.node("tools"), []
    node.create_subscription(Float64MultiArray, "/readings", readings.append, 100)

    async def asked(name, call, what):
        client = AsyncParameterClient(node, f"/rates/{name}")
        await ros_loop.until(client.services_are_ready)
        answer = getattr(client, call)(what)
        await ros_loop.until(answer.done)
        return answer.result()

    async def set_rate(name, parameter, value):
        answer = await asked(name, "set_parameters", [Parameter(parameter, value=value)])
        return answer.results[0]

    async def main():
        assert (await set_rate("imu_sensor_1", "sample_rate", 200.0)).successful
        await ros_loop.until(lambda: len(readings) > 20)
        above = await set_rate("imu_sensor_1", "sample_rate", 20_000.0)
        assert not above.successful and "sample_rate" in above.reason
        refused = await set_rate("ros_subscriber_3", "rate", 30.0)
        assert not refused.successful
        assert refused.reason == ("rate cannot change while the graph runs: it is part of the "
                                  "policy interface")
        described = (await asked("ros_subscriber_3", "describe_parameters", ["rate"])).descriptors
        assert described[0].read_only

    try:
        ros_loop.run(main(), run)
    finally:
        run.interrupt()
        run.wait()
