"""A link replaced by a topic, with ordinary ROS remapping."""

import pytest

SMALL = ("--set", "1.num_envs=8", "--quiet")


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_remapped_input_listens_to_the_other_topic(start_run, cartpole, ros_loop, place):
    from std_msgs.msg import Float64

    node = ros_loop.node("elsewhere")
    publisher = node.create_publisher(Float64, "/elsewhere", 10)
    run = start_run(cartpole, *SMALL, "--place", place, "--set", "7.rate=50", "--ros-args",
                    "-r", "display_7/value:=/elsewhere")

    async def main():
        await ros_loop.until(lambda: publisher.get_subscription_count() == 1)
        await ros_loop.until(
            lambda: publisher.publish(Float64(data=4242.0)) or "4242" in run.output)

    ros_loop.run(main(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    shown = [line for line in run.lines if "mean return:" in line]
    assert shown and all("4242" in line for line in shown)
    edges = {edge["name"]: edge for edge in run.report["edges"]}
    assert "ppo_trainer_6/mean_return → display_7/value" not in edges
    assert edges["/elsewhere → display_7/value"]["transport"] == "external"


def test_what_cannot_travel_cannot_be_remapped(start_run, cartpole):
    run = start_run(cartpole, *SMALL, "--ros-args", "-r", "isaac_gym_step_4/sim_handle:=/x")
    assert run.wait() == 2
    assert "a SIM_HANDLE cannot come from a topic" in run.output
