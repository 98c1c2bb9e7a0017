"""A graph as seen by plain ROS: nodes, topics, messages, parameters."""

import json

import pytest

NODES = {"isaac_gym_env_1", "or_2", "ppo_agent_3", "isaac_gym_step_4", "cartpole_action_5",
         "ppo_trainer_6", "display_7"}


@pytest.fixture(params=["fused", "split"])
def running(request, start_command, cartpole, tmp_path):
    """Train in the background with 32 environments."""
    run = start_command(
        "dnne_ros", "run", cartpole, "--set", "1.num_envs=32", "--set", "6.minibatch_size=128",
        "--quiet", "--place", request.param, "--report", "r.json", folder=tmp_path)
    yield run, tmp_path / "r.json"
    run.kill()


def test_plain_ros_sees_and_steers_the_graph(running, ros_loop):
    from rclpy.parameter import Parameter, parameter_value_to_python
    from rclpy.parameter_client import AsyncParameterClient
    from std_msgs.msg import Float32MultiArray, Float64, UInt8MultiArray

    run, report = running
    node = ros_loop.node("outsider")
    wanted = {
        "isaac_gym_step_4/observations": Float32MultiArray,
        "isaac_gym_step_4/rewards": Float32MultiArray,
        "isaac_gym_step_4/done": UInt8MultiArray,
        "cartpole_action_5/action": Float32MultiArray,
        "ppo_agent_3/policy_output": Float32MultiArray,
        "ppo_trainer_6/mean_return": Float64,
    }
    received = {}
    for topic, message_type in wanted.items():
        node.create_subscription(
            message_type, f"/cartpole_ppo/{topic}",
            lambda message, topic=topic: received.__setitem__(topic, message), 10)

    async def main():
        await ros_loop.until(lambda: received.keys() == wanted.keys())
        await ros_loop.until(lambda: {
            name for name, space in node.get_node_names_and_namespaces()
            if space == "/cartpole_ppo" and not name.startswith("_")} == NODES)
        client = AsyncParameterClient(node, "/cartpole_ppo/ppo_trainer_6")
        await ros_loop.until(client.services_are_ready)

        async def answer(future):
            await ros_loop.until(future.done)
            return future.result()

        listed = (await answer(client.list_parameters([], 1))).result.names
        values = (await answer(client.get_parameters(listed))).values
        parameters = dict(zip(listed, map(parameter_value_to_python, values)))
        described = (await answer(client.describe_parameters(["gamma"]))).descriptors[0]
        refused = (await answer(client.set_parameters(
            [Parameter("horizon_length", value=3)]))).results[0]
        too_large = (await answer(client.set_parameters(
            [Parameter("learning_rate", value=99.0)]))).results[0]
        accepted = (await answer(client.set_parameters(
            [Parameter("learning_rate", value=0.0)]))).results[0]
        for _ in range(3):  # updates from now on use it
            before = received["ppo_trainer_6/mean_return"]
            await ros_loop.until(lambda: received["ppo_trainer_6/mean_return"] is not before)
        return parameters, described, refused, too_large, accepted

    parameters, described, refused, too_large, accepted = ros_loop.run(main(), run)

    def layout(topic):
        return [(dim.label, dim.size) for dim in received[topic].layout.dim]

    assert layout("isaac_gym_step_4/observations") == [("env", 32), ("observation", 4)]
    assert layout("isaac_gym_step_4/rewards") == [("env", 32)]
    assert layout("isaac_gym_step_4/done") == [("env", 32), ("dtype=bool", 1)]
    assert layout("cartpole_action_5/action") == [("env", 32), ("action", 1)]
    assert layout("ppo_agent_3/policy_output") == [
        ("env", 32), ("observations[4],actions[1],log_prob,value,mean[1],std[1]", 9)]
    assert len(received["isaac_gym_step_4/observations"].data) == 32 * 4
    assert max(map(abs, received["cartpole_action_5/action"].data)) <= 10.0

    assert parameters["horizon_length"] == 16 and parameters["gamma"] == 0.99
    assert parameters["minibatch_size"] == 128
    assert described.floating_point_range[0].to_value == 1.0
    assert described.description == "Discount of future rewards."
    assert not refused.successful and "fixes the size of the rollout" in refused.reason
    assert not too_large.successful
    assert accepted.successful

    run.terminate()
    assert run.wait() == 130, run.output
    metrics = json.loads(report.read_text())["metrics"]
    assert metrics["learning_rate"] == 0.0
    assert metrics["kl"] == pytest.approx(0.0, abs=1e-6)  # the policy stands still
