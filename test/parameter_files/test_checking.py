"""A parameter file that does not fit a graph is refused with all that is wrong in it."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.parameter_files.checking import check_parameter_file

NAMESPACE = "/robot1/cartpole_ppo"


def refusal(path, cartpole_graph):
    with pytest.raises(InputError) as caught:
        check_parameter_file(path, cartpole_graph, NAMESPACE)
    return [str(problem) for problem in caught.value.problems]


def test_what_fits(parameter_file, cartpole_graph):
    check_parameter_file(parameter_file("""\
/**: {ros__parameters: {use_sim_time: false, learning_rate: 1e-3}}
/**/ppo_trainer_6: {ros__parameters: {gamma: 0.5, minibatch_size: 64}}
/robot1/cartpole_ppo/isaac_gym_env_1: {ros__parameters: {num_envs: 8}}
"""), cartpole_graph, NAMESPACE)


def test_everything_wrong_is_named_at_once(parameter_file, cartpole_graph):
    problems = refusal(parameter_file("""\
/**/ppo_trainer_6:
  ros__parameters:
    gama: 0.9
    learning_rate: 1
    minibatch_size: many
    checkpoint_trigger_value: nonsense
ppo_agent_3: {ros__parameters: {x: 1}}
"""), cartpole_graph)
    assert problems[0] == ("line 3: /**/ppo_trainer_6 has no parameter 'gama'; "
                           "did you mean gamma?")
    assert problems[1].startswith("no node /ppo_agent_3; there are /robot1/cartpole_ppo/")
    assert "/**/ppo_agent_3 would match in any namespace" in problems[1]
    assert problems[2].startswith("line 4: learning_rate of /robot1/cartpole_ppo/ppo_trainer_6")
    assert "with a decimal point, found 1" in problems[2]
    assert "line 5: minibatch_size" in problems[3] and "'many'" in problems[3]
    assert "checkpoint_trigger_value" in problems[4]
    assert len(problems) == 5


def test_deadlines_and_the_like_belong_to_every_node(parameter_file, cartpole_graph):
    check_parameter_file(parameter_file(
        "/**: {ros__parameters: {deadline: {seconds: 0.5}, watchdog.policy: stop}}"),
        cartpole_graph, NAMESPACE)
    path = parameter_file("/**/ppo_agent_3: {ros__parameters: {watchdog: {policy: later}}}")
    [problem] = refusal(path, cartpole_graph)
    assert "watchdog.policy" in problem and "expected one of warn, safe_value" in problem
    path = parameter_file("/**/ppo_agent_3: {ros__parameters: {watchdog: {second: 1.0}}}")
    assert "did you mean watchdog.seconds?" in refusal(path, cartpole_graph)[0]


def test_a_number_for_a_whole_number(parameter_file, cartpole_graph):
    path = parameter_file("/**/isaac_gym_env_1: {ros__parameters: {num_envs: 4.0}}")
    assert "expected an integer" in refusal(path, cartpole_graph)[0]


def test_a_specific_name_beats_a_wildcard_before_and_after(parameter_file, cartpole_graph):
    check_parameter_file(parameter_file("""\
/robot1/cartpole_ppo/ppo_trainer_6: {ros__parameters: {checkpoint_trigger_value: "5"}}
/**: {ros__parameters: {checkpoint_trigger_value: "20", checkpoint_trigger_type: epoch}}
"""), cartpole_graph, NAMESPACE)


def test_a_parameter_that_no_matched_node_has(parameter_file, cartpole_graph):
    path = parameter_file("/**: {ros__parameters: {warp: 9}}")
    assert "/** has no parameter 'warp'; it has" in refusal(path, cartpole_graph)[0]


def test_what_nodes_are_dumped_with_is_known(parameter_file, cartpole_graph):
    check_parameter_file(parameter_file("""\
/**/ppo_trainer_6:
  ros__parameters:
    start_type_description_service: true
    trace: {'on': false, save: false}
    run: {paused: false}
    qos_overrides:
      /robot1/cartpole_ppo/ppo_trainer_6/loss: {publisher: {history: keep_last, depth: 1}}
"""), cartpole_graph, NAMESPACE)


@pytest.mark.parametrize(("name", "value", "said"), [
    ("/x.publisher.reliability", "relaible", "expected one of reliable, best_effort"),
    ("/x.publisher.reliability", "1", "found an integer: 1"),
    ("/x.subscription.depth", "0", "expected an integer of at least 1, found 0"),
    ("/x.subscription.depth", "many", "found a string: 'many'"),
    ("/x.publisher.durability", "latched", "expected one of volatile, transient_local"),
    ("/x.publisher.relability", "reliable", "expected one of history, depth, reliability"),
    ("/x.publisher.deadline", "5", "expected one of history, depth, reliability"),
    ("x.publisher.depth", "5", "expected qos_overrides./TOPIC.publisher or subscription"),
    ("/x.sender.depth", "5", "expected qos_overrides./TOPIC.publisher or subscription"),
    ("/robot1/cartpole_ppo/ppo_trainer_6/los.publisher.depth", "5",
     "did you mean the topic /robot1/cartpole_ppo/ppo_trainer_6/loss?"),
    ("/robot1/cartpole_ppo/ppo_trainer_6/loss.subscription.depth", "5",
     "the graph has a publisher there and no subscription")])
def test_qos_overrides_that_change_nothing(parameter_file, cartpole_graph, name, value, said):
    path = parameter_file(f"/**: {{ros__parameters: {{qos_overrides.{name}: {value}}}}}")
    [problem] = refusal(path, cartpole_graph)
    assert f"qos_overrides.{name}: " in problem and said in problem


def test_qos_overrides_of_others_topics_pass(parameter_file, cartpole_graph):
    check_parameter_file(parameter_file("""\
/**: {ros__parameters: {qos_overrides: {/map: {subscription: {
  history: KEEP_ALL, reliability: best_available, durability: transient_local}}}}}
"""), cartpole_graph, NAMESPACE)
