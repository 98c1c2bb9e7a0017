"""Launch arguments are checked as a whole before anything is started."""

import pytest

pytestmark = pytest.mark.usefixtures("launch_packages")


@pytest.fixture
def read(cartpole):
    """Read a request from some arguments, the others as by default."""
    from dnne_ros.launching.arguments import ARGUMENTS
    from dnne_ros.launching.request import LaunchRequest

    def read(outer_namespace=None, **given):
        values = {argument.name: argument.default for argument in ARGUMENTS}
        return LaunchRequest.read({**values, "workflow": str(cartpole), **given},
                                  outer_namespace)
    return read


@pytest.fixture
def refusal(read):
    """Return the report of a request that is refused."""
    from dnne_ros.launching.request import LaunchRefused

    def refusal(**given):
        with pytest.raises(LaunchRefused) as caught:
            read(**given)
        return str(caught.value)
    return refusal


def test_defaults(read, cartpole):
    request = read()
    assert request.words == (str(cartpole), "--seed=0", "--peer-timeout=60.0",
                             "--absent-after=10.0", "--trace-every=1",
                             "--trace-records=100000", "--record-edges=all",
                             "--video-every=100", "--video-seconds=10.0",
                             "--flight-seconds=30.0")
    assert list(request.placement.processes) == ["main"]
    assert request.namespace == "/cartpole_ppo"
    assert not request.respawn and not request.use_sim_time and not request.remappings


def test_arguments_become_words_of_the_host(read, tmp_path):
    request = read(set="1.num_envs=512; 6.gamma=0.98;", place="split", seed="7",
                   inference="True", until_return="-1.5", save_checkpoint_dir=str(tmp_path),
                   peer_timeout="2m", absent_after="3s")
    assert request.words[1:] == (
        "--set=1.num_envs=512", "--set=6.gamma=0.98", "--place=split", "--seed=7",
        "--inference", "--until-return=-1.5", f"--save-checkpoint-dir={tmp_path}",
        "--peer-timeout=120.0", "--absent-after=3.0", "--trace-every=1",
        "--trace-records=100000", "--record-edges=all", "--video-every=100",
        "--video-seconds=10.0", "--flight-seconds=30.0")
    assert len(request.placement.processes) == 6
    assert request.graph.nodes["6"].values["gamma"] == 0.98


@pytest.mark.parametrize("outer, inner, expected", [
    (None, "", "/cartpole_ppo"),
    (None, "robot1", "/robot1/cartpole_ppo"),
    (None, "/robot1/", "/robot1/cartpole_ppo"),
    (None, "/", "/cartpole_ppo"),
    ("/site", "", "/site/cartpole_ppo"),
    ("/site", "robot1", "/site/robot1/cartpole_ppo"),
    ("/site", "/robot1", "/robot1/cartpole_ppo"),
])
def test_namespaces_compose(read, outer, inner, expected):
    assert read(outer, namespace=inner).namespace == expected


def test_remappings(read):
    rules = read(remap="ppo_trainer_6/loss:=/loss;ppo_agent_3:model:=m").remappings
    assert rules == (("ppo_trainer_6/loss", "/loss"), ("ppo_agent_3:model", "m"))


def test_a_home_directory_is_found(read, cartpole, monkeypatch):
    monkeypatch.setenv("HOME", str(cartpole.parent))
    assert read(workflow=f"~/{cartpole.name}").words[0] == str(cartpole)


def test_all_refusals_come_together(refusal):
    report = refusal(set="99.x=1;6.gamma=much;nonsense", seed="-3", inference="maybe",
                     until_return="high", namespace="1st", remap="a b", log_level="loud",
                     absent_after="soon",
                     load_checkpoint_dir="/nonexistent")
    for text in ("seed:=-3: argument --seed: expected a whole number from 0",
                 "inference:=maybe: expected true or false", "until_return:=high",
                 "absent_after:=soon",
                 "namespace:=1st: Invalid namespace", "remap:=a b: expected FROM:=TO",
                 "log_level:=loud: expected one of debug", "no node '99'",
                 "6.gamma=much: expected a number", "--set nonsense: expected NODE.WIDGET=VALUE",
                 "/nonexistent: no checkpoint here"):
        assert text in report


def test_placement_and_parameters_are_refused_together(refusal, parameter_file):
    path = parameter_file("/**: {ros__parameters: {learning_rate: fast}}")
    report = refusal(place="nofile.yaml", params_file=str(path))
    assert "nofile.yaml: cannot read the placement" in report
    assert "learning_rate of /cartpole_ppo/ppo_trainer_6: expected" in report


def test_parameters_that_may_be_anothers_are_warned_about(read, parameter_file):
    path = parameter_file("/**: {ros__parameters: {warp: 9}}\n/other: {ros__parameters: {a: 1}}")
    first, second = read(params_file=str(path)).warnings
    assert "has no parameter 'warp'" in first and "no node /other" in second


def test_a_missing_workflow(refusal):
    assert "nofile.json" in refusal(workflow="nofile.json")


def test_a_semicolon_inside_a_value(launch_packages):
    from dnne_ros.launching.arguments import split_list

    assert split_list(r"a.b=1\;2; c.d=3 ;;") == ["a.b=1;2", "c.d=3"]


def test_processes_without_a_security_enclave_are_refused(refusal, monkeypatch, tmp_path):
    for name, value in (("ENABLE", "true"), ("STRATEGY", "Enforce"), ("KEYSTORE", str(tmp_path))):
        monkeypatch.setenv(f"ROS_SECURITY_{name}", value)
    said = refusal(namespace="robot1")
    assert f"process main: there is no enclave /robot1/cartpole_ppo/main in {tmp_path}" in said


@pytest.fixture
def two_hosts(tmp_path):
    """Write a placement of Cartpole on two hosts; returns its path."""
    path = tmp_path / "place.json"
    path.write_text('{"processes": {"sim": [1, 4]}, '
                    '"hosts": {"robot": ["sim"], "desk": [2, 3, 5, 6, 7]}}')
    return str(path)


def test_a_host_of_the_placement_runs_its_own_processes(read, two_hosts, monkeypatch):
    monkeypatch.setenv("DNNE_ROS_RUN_KEY", "5a" * 32)
    request = read(place=two_hosts, host="robot", wait="30s")
    assert list(request.here) == ["sim"] and list(request.placement.processes) == ["sim", "desk"]
    assert request.run_key == "5a" * 32
    assert {"--host=robot", "--wait=30.0"} <= set(request.words)
    everywhere = read(place=two_hosts)
    assert list(everywhere.here) == ["sim", "desk"] and everywhere.run_key == ""


def test_a_host_without_a_key_or_a_place_is_refused(refusal, two_hosts, monkeypatch):
    monkeypatch.delenv("DNNE_ROS_RUN_KEY", raising=False)
    said = refusal(place=two_hosts, host="arm")
    assert "no host 'arm' in the placement; expected one of robot, desk" in said
    assert "host arm: has no key of the run" in said
    assert "--wait: expected --host NAME, too" in refusal(place=two_hosts, wait="3s")
