"""What stands behind --ros-args is checked before anything is started."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.parameter_files.ros_arguments import (
    absolute_namespace,
    check_parameter_files,
    check_ros_arguments,
    enclaves_of,
    name_loggers,
    take_managed_name,
)


def refusal(*words, **environment):
    with pytest.raises(InputError) as caught:
        check_ros_arguments(words, environment)
    return [str(problem) for problem in caught.value.problems]


def test_what_fits(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("{}")
    check_ros_arguments([
        "--ros-args", "-r", "__ns:=/robot1/left", "-r", "ppo_agent_3/model:=/model", "--remap",
        "/a:=b", "-p", "use_sim_time:=true", "--params-file", str(file), "--log-level", "debug",
        "--disable-rosout-logs", "-e", "/enclave", "--", "--ros-args"], {"ROS_DOMAIN_ID": "232"})
    check_ros_arguments([], {})


@pytest.mark.parametrize("rule", [
    "__node:=foo", "__name:=foo", "ppo_agent_3:__node:=agent"])
def test_names_of_nodes_are_the_workflows(rule):
    [problem] = refusal("--ros-args", "-r", rule)
    assert rule in problem and "__ns:=/another" in problem and "name=" in problem


@pytest.mark.parametrize("rule, said", [
    ("__ns:=robot1", "absolute namespace"), ("__ns:=/robot 1", "absolute namespace"),
    ("__ns:=/1robot", "absolute namespace"), ("__ns:=/robot1/", "absolute namespace"),
    ("node:__ns:=/a", "cannot leave the namespace"),
    ("nonsense", "expected FROM:=TO"), ("a:=", "expected FROM:=TO")])
def test_rules_that_mean_nothing(rule, said):
    [problem] = refusal("--ros-args", "-r", rule)
    assert said in problem


def test_everything_wrong_is_told_at_once(tmp_path):
    problems = refusal("--ros-args", "--rename", "-r", "__node:=a", "--params-file",
                       str(tmp_path / "none.yaml"), "-p", ROS_DOMAIN_ID="abc")
    assert len(problems) == 5
    for said in ("unknown ROS argument '--rename'", "no such file", "expected a value",
                 "ROS_DOMAIN_ID: expected a number from 0 to 232, found 'abc'"):
        assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize("domain", ["-1", "233", "1.5", "0x1"])
def test_domains_that_there_are_not(domain):
    assert "ROS_DOMAIN_ID" in refusal("--ros-args", ROS_DOMAIN_ID=domain)[0]


def test_unknown_parameters_may_be_meant_for_others(cartpole_graph, parameter_file):
    path = parameter_file("/cartpole_ppo/ppo_trainer_6: {ros__parameters: {learning_rat: 0.1}}")
    said = []
    check_parameter_files(["--ros-args", "--params-file", str(path)], cartpole_graph, said.append)
    assert "did you mean learning_rate?" in said[0] and str(path) in said[0]
    with pytest.raises(InputError):
        check_parameter_files(["--ros-args", "--params-file", str(path)], cartpole_graph)


def test_values_that_do_not_fit_are_refused_all_the_same(cartpole_graph, parameter_file):
    path = parameter_file("/second/ppo_trainer_6: {ros__parameters: {learning_rate: 1}}")
    with pytest.raises(InputError, match="with a decimal point, found 1"):
        check_parameter_files(["--ros-args", "-r", "__ns:=/second", "--params-file", str(path)],
                              cartpole_graph, lambda message: None)


@pytest.mark.parametrize("rule", [
    "learning_rate", "learning_rate:=", ":=1", "a:b:c:=1", "a b:=1",
    "/cartpole_ppo/ppo_trainer_6:gamma:=0.5", "/**/ppo_trainer_6:gamma:=0.5"])
def test_parameters_that_are_no_rules(rule):
    [problem] = refusal("--ros-args", "-p", rule)
    assert "expected NAME:=VALUE or NODE:NAME:=VALUE" in problem and repr(rule) in problem


def test_parameters_on_the_command_line_are_checked_as_those_of_files(cartpole_graph):
    said = []
    with pytest.raises(InputError) as caught:
        check_parameter_files([
            "--ros-args", "-p", "use_sim_time:=true", "-p", "gamma:=abc",
            "-p", "action_dim:=1.5", "-p", "learning_rat:=0.1",
            "-p", "ppo_trainer_6:gamma:=0.5", "-p", "nonsense:=1", "-p", "hidden_sizes:='8,8'"],
            cartpole_graph, said.append)
    assert [str(problem) for problem in caught.value.problems] == [
        "action_dim of /cartpole_ppo/ppo_agent_3: expected an integer from 1 to 100000, found 1.5",
        "gamma of /cartpole_ppo/ppo_trainer_6: expected a number from 0.0 to 1.0, found a "
        "string: 'abc'"]
    assert said[0] == ("--ros-args: /** has no parameter 'learning_rat'; did you mean "
                       "learning_rate?")
    assert said[1].startswith("--ros-args: no node /ppo_trainer_6; there are /cartpole_ppo/")
    assert said[1].endswith("nodes in a namespace are reached by --set or a parameter file")
    assert said[2].startswith("--ros-args: /** has no parameter 'nonsense'; it has ")
    assert len(said) == 3


@pytest.mark.parametrize("value, said", [("[1, 2", "not YAML"), ("{a: 1}", "expected one value")])
def test_values_on_the_command_line_that_are_none(cartpole_graph, value, said):
    with pytest.raises(InputError, match=said):
        check_parameter_files(["--ros-args", "-p", f"gamma:={value}"], cartpole_graph)


def test_without_a_namespace_a_node_is_named_on_the_command_line(cartpole_graph):
    words = ["--ros-args", "-r", "__ns:=/", "-p", "ppo_trainer_6:gamma:=0.5"]
    check_parameter_files(words, cartpole_graph)
    with pytest.raises(InputError, match="gamma of /ppo_trainer_6"):
        check_parameter_files([*words[:-1], "ppo_trainer_6:gamma:=2.0"], cartpole_graph)


def test_each_process_has_an_enclave_below_the_namespace(cartpole_graph):
    processes = ("sim", "learn")
    assert enclaves_of([], cartpole_graph, processes) == {
        "sim": "/cartpole_ppo/sim", "learn": "/cartpole_ppo/learn"}
    # rcl takes the first namespace and the last enclave.
    renamed = ["--ros-args", "-r", "__ns:=/robot1", "--", "--ros-args", "-r", "__ns:=/robot2"]
    assert absolute_namespace(renamed, cartpole_graph) == "/robot1"
    assert enclaves_of(renamed, cartpole_graph, processes)["sim"] == "/robot1/sim"
    assert enclaves_of(["--ros-args", "-e", "/a", "--enclave", "/b"], cartpole_graph,
                       processes) == {"sim": "/b", "learn": "/b"}


def test_a_managed_node_may_be_renamed_and_takes_the_rule_with_it():
    words = ["--ros-args", "-r", "__node:=walker", "-r", "a:=b"]
    assert take_managed_name(words, True) == ("walker", ["--ros-args", "-r", "a:=b"])
    assert take_managed_name(words, False) == ("", words)
    assert take_managed_name(["--ros-args", "-p", "__node:=x"], True)[0] == ""


def test_levels_are_those_of_nodes_by_their_loggers(cartpole_graph):
    def named(*words):
        return name_loggers(["--ros-args", *words], cartpole_graph)[1:]

    assert named("--log-level", "ppo_agent_3:=debug") == [
        "--log-level", "cartpole_ppo.ppo_agent_3:=debug"]
    assert named("-r", "__ns:=/left/robot", "--log-level", "ppo_agent_3:=debug")[-1] == \
        "left.robot.ppo_agent_3:=debug"
    assert named("--log-level", "rcl:=debug")[-1] == "rcl:=debug"
    assert named("--log-level", "debug", "-p", "ppo_agent_3:=1")[1::2] == [
        "debug", "ppo_agent_3:=1"]


@pytest.mark.parametrize("level", ["loud", "ppo_agent_3:=loud", "ppo_agent_3:="])
def test_levels_that_there_are_not(level):
    [problem] = refusal("--ros-args", "--log-level", level)
    assert "expected one of debug, info" in problem and repr(level) in problem


def test_a_level_of_a_node_that_is_misspelt_is_told(cartpole_graph):
    told = []
    check_parameter_files(["--ros-args", "--log-level", "ppo_agnt_3:=debug", "--log-level",
                           "rcl:=warn", "--log-level", "info", "--log-level",
                           "ppo_agent_3:=debug"], cartpole_graph, told.append)
    assert told == ["--log-level ppo_agnt_3:=debug: there is no node ppo_agnt_3; did you mean "
                    "ppo_agent_3?"]
