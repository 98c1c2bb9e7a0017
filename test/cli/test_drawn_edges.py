"""What rqt_graph draws of a graph: its edges, from node to node, in every placement."""

import pytest

EDGES = {
    ("isaac_gym_env_1/observations", "or_2"),
    ("isaac_gym_step_4/observations", "or_2"),
    ("isaac_gym_step_4/observations", "ppo_trainer_6"),
    ("isaac_gym_step_4/next_observations", "ppo_trainer_6"),
    ("isaac_gym_step_4/rewards", "ppo_trainer_6"),
    ("isaac_gym_step_4/done", "ppo_trainer_6"),
    ("isaac_gym_step_4/info", "ppo_trainer_6"),
    ("or_2/output", "ppo_agent_3"),
    ("ppo_agent_3/policy_output", "cartpole_action_5"),
    ("ppo_agent_3/policy_output", "ppo_trainer_6"),
    ("ppo_agent_3/model", "ppo_trainer_6"),
    ("cartpole_action_5/action", "isaac_gym_step_4"),
    ("ppo_trainer_6/training_complete", "isaac_gym_step_4"),
    ("ppo_trainer_6/mean_return", "display_7"),
}


def drawn(node, space="/cartpole_ppo"):
    """Return (topic, node that subscribes) for each line between two nodes of the graph.

    A topic that another node publishes than the one it is named after has that in its name.
    """
    edges = []
    for topic, _ in node.get_topic_names_and_types():
        name = topic.removeprefix(f"{space}/")
        if name == topic or "/_" in topic:  # hidden, as by ROS's own rule
            continue
        for source in node.get_publishers_info_by_topic(topic):
            owner = f"{source.node_namespace}/{source.node_name}"
            shown = name if topic.startswith(f"{owner}/") else f"{name} of {owner}"
            edges += [(shown, each.node_name)
                      for each in node.get_subscriptions_info_by_topic(topic)]
    return sorted(edges)


@pytest.mark.parametrize("place", ["fused", pytest.param("split", marks=pytest.mark.slow)])
def test_each_edge_is_drawn_once(start_run, cartpole, ros_loop, place):
    run = start_run(cartpole, "--set", "1.num_envs=8", "--quiet", "--place", place, "--respawn")
    looker = ros_loop.node("looker")

    async def main():
        await ros_loop.until(lambda: drawn(looker) == sorted(EDGES))
        if place == "split":
            before = run.child("display_7")
            before.kill()
            await ros_loop.until(lambda: (new := run.child("display_7")) and new.pid != before.pid)
            await ros_loop.until(lambda: drawn(looker) == sorted(EDGES))

    ros_loop.run(main(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
