"""What a rehearsal finds is what the nodes of a run have: no name more, and none less."""

import os

import pytest

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.ros_actions import ActionUse
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.planning import place
from dnne_ros.runtime.rehearsal import rehearse

PARAMETERS = ("describe_parameters", "get_parameter_types", "get_parameters", "list_parameters",
              "set_parameters", "set_parameters_atomically")


def profiles(graph, how, *ros_args, **settings):
    found = rehearse(graph, place(graph, how), RunSettings(**settings), ros_args)
    return {profile.node: profile for each in found.values() for profile in each}


def test_a_process_has_its_ends_of_each_edge_and_no_others(cartpole_graph):
    every = profiles(cartpole_graph, "split")
    found, hidden = every["ppo_agent_3"], every["_ppo_agent_3"]
    space = "/cartpole_ppo"
    assert found.namespace == hidden.namespace == space
    assert set(found.publishes) == {
        "/rosout", "/parameter_events", "/diagnostics",
        f"{space}/ppo_agent_3/model", f"{space}/ppo_agent_3/policy_output"}
    assert set(found.subscribes) == {f"{space}/or_2/output"}
    assert set(hidden.publishes) == {
        "/rosout", "/parameter_events", f"{space}/_run", f"{space}/_alive", f"{space}/_metrics",
        f"{space}/ppo_agent_3/_link/model", f"{space}/ppo_agent_3/_link/policy_output",
        f"{space}/or_2/_credit/output"}
    assert set(hidden.subscribes) == {
        f"{space}/_run", f"{space}/_alive", f"{space}/or_2/_link/output",
        f"{space}/ppo_agent_3/_credit/model", f"{space}/ppo_agent_3/_credit/policy_output",
        f"{space}/ppo_trainer_6/model/_updates"}
    assert not hidden.offers
    assert {f"{space}/ppo_agent_3/{name}" for name in PARAMETERS} <= set(found.offers)
    assert not found.calls


def test_in_one_process_nothing_is_hidden(cartpole_graph):
    found = profiles(cartpole_graph, "fused")
    assert not any("/_" in name for profile in found.values()
                   for names in (profile.publishes, profile.subscribes) for name in names)
    assert "/cartpole_ppo/or_2/output" in found["ppo_agent_3"].subscribes


def test_names_are_those_after_remapping(cartpole_graph):
    found = profiles(cartpole_graph, "fused", "--ros-args", "-r", "__ns:=/robot", "-r",
                     "or_2/output:=/seen", "-r", "isaac_gym_step_4/trigger:=/go")
    assert "/seen" in found["or_2"].publishes and "/seen" in found["ppo_agent_3"].subscribes
    assert found["or_2"].namespace == "/robot"
    assert "/robot/isaac_gym_step_4/rewards" in found["ppo_trainer_6"].subscribes


def test_simulated_time_is_used_where_it_is_asked_for(cartpole_graph):
    usual = profiles(cartpole_graph, "fused")
    simulated = profiles(cartpole_graph, "fused", "--ros-args", "-p", "use_sim_time:=true")
    assert not any("/clock" in (*each.publishes, *each.subscribes) for each in usual.values())
    assert all("/clock" in each.subscribes for each in simulated.values())
    assert [each.node for each in simulated.values() if "/clock" in each.publishes] == [
        "isaac_gym_step_4"]


def test_the_managed_node_is_one_of_them(cartpole_graph):
    found = profiles(cartpole_graph, "fused", lifecycle=True, inference=True)["lifecycle"]
    assert "/cartpole_ppo/lifecycle/change_state" in found.offers
    assert "/cartpole_ppo/lifecycle/transition_event" in found.publishes


def test_the_environment_is_as_before(cartpole_graph, monkeypatch):
    variables = {"ROS_SECURITY_ENABLE": "true", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    profiles(cartpole_graph, "fused")
    assert {name: os.environ[name] for name in variables} == variables


class Silent(Node):
    """A type of other people's that says what messages it uses, and not where."""

    @classmethod
    def message_types(cls, values):
        return ("std_msgs/msg/String",)


class Spoken(Silent):
    """One that says it all."""

    @classmethod
    def ros_topics(cls, values):
        return (TopicUse("~/said", "std_msgs/msg/String", publishes=True), TopicUse(
            "/heard", "std_msgs/msg/String"))


@pytest.fixture
def graph_of(tmp_path):
    """Return a graph with one node of a type."""
    from dnne_ros.catalogue.catalogue import Catalogue
    from dnne_ros.graph.building import build_graph
    from dnne_ros.workflow.reading import read_workflow

    def make(type):
        path = tmp_path / "lonely.json"
        path.write_text(f'{{"1": {{"class_type": "{type.type_name}", "inputs": {{}}}}}}')
        catalogue = Catalogue([type])
        workflow, problems = read_workflow(str(path), catalogue.signature)
        return build_graph(workflow, catalogue, problems)
    return make


def test_a_type_says_which_topics_it_uses(graph_of):
    found = profiles(graph_of(Spoken), "fused")["spoken_1"]
    assert "/lonely/spoken_1/said" in found.publishes and "/heard" in found.subscribes


def test_a_type_that_does_not_is_named(graph_of):
    with pytest.raises(InputError, match=(
            r"node 1 \(Silent\): ros_topics\(\) of Silent: expected the topics that it uses")):
        profiles(graph_of(Silent), "fused")


def test_hosts_meet_on_a_topic_of_their_own(cartpole_graph, tmp_path):
    file = tmp_path / "place.json"
    file.write_text('{"processes": {"sim": [1, 4]}, '
                    '"hosts": {"robot": ["sim"], "desk": [2, 3, 5, 6, 7]}}')
    found = rehearse(cartpole_graph, place(cartpole_graph, str(file)), RunSettings())
    for process, each in found.items():
        meets = next(profile for profile in each if profile.node == f"_host_{process}")
        assert "/cartpole_ppo/_hosts" in meets.publishes
        assert "/cartpole_ppo/_hosts" in meets.subscribes


def test_the_first_process_is_the_managed_node_and_the_others_follow(cartpole_graph):
    found = rehearse(cartpole_graph, place(cartpole_graph, "split"),
                     RunSettings(lifecycle=True, inference=True))
    managed = [profile for each in found.values() for profile in each
               if "/cartpole_ppo/lifecycle/change_state" in profile.offers]
    assert [profile.node for profile in managed] == ["lifecycle"]
    for process, each in found.items():
        speaks = next(profile for profile in each if profile.node == f"_{process}_lifecycle")
        assert "/cartpole_ppo/_lifecycle" in speaks.publishes
        assert "/cartpole_ppo/_lifecycle" in speaks.subscribes


class Acting(Node):
    """Offers one action and calls another."""

    @classmethod
    def ros_actions(cls, values):
        return (ActionUse("/count", "test_msgs/action/Fibonacci", serves=True),
                ActionUse("/dock", "test_msgs/action/Fibonacci"))


def test_actions_are_announced_as_they_are_served_and_called(graph_of):
    found = profiles(graph_of(Acting), "fused")["acting_1"].with_actions()
    assert found.executes == ("/count",) and found.sends_goals == ("/dock",)
    assert not any("_action" in name for name in (*found.publishes, *found.subscribes))


def test_a_robot_of_the_desk_has_the_topics_of_its_model(tmp_path):
    from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
    from dnne_ros.graph.building import build_graph
    from dnne_ros.workflow.reading import read_workflow

    (tmp_path / "box.xml").write_text(
        "<mujoco><worldbody><body name='box'><freejoint/><geom size='0.1'/>"
        "<site name='foot'/></body></worldbody><sensor><touch site='foot'/></sensor></mujoco>")
    file = tmp_path / "desk.json"
    file.write_text('{"1": {"class_type": "MujocoRobotNode", "inputs": {"model": "box.xml"}}}')
    catalogue = Catalogue(BUILT_IN)
    workflow, problems = read_workflow(str(file), catalogue.signature)
    found = profiles(build_graph(workflow, catalogue, problems), "fused")["mujoco_robot_1"]
    assert {"/joint_states", "/robot_description", "/imu", "/desk/mujoco_robot_1/foot/contact"
            } <= set(found.publishes)
    assert {"/effort_controller/commands", "/desk/mujoco_robot_1/push"} <= set(found.subscribes)
    assert "/clock" not in found.publishes
