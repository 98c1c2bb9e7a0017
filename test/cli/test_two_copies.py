"""Processes of one machine that find each other: a graph's own, and those of its copy."""

import os

from dnne_ros.runtime.coordination.name_claims import NameClaims

SMALL = ("--set", "1.num_envs=8", "--quiet")


def test_a_second_split_copy_is_refused_with_advice(start_run, cartpole):
    first = start_run(cartpole, *SMALL[:-1], "--place", "split")
    first.until_progress()
    second = start_run(cartpole, *SMALL, "--place", "split")
    assert second.wait() == 1
    assert "another copy of this graph is running" in second.output
    assert "__ns:=" in second.output
    first.interrupt()
    assert first.wait() == 130, first.output
    assert [edge for edge in first.report["edges"] if edge["lost"] or edge["duplicated"]] == []


def test_a_copy_that_dds_has_not_shown_yet_is_refused_too(start_run, cartpole):
    first = NameClaims(["/cartpole_ppo/ppo_agent_3"], int(os.environ["ROS_DOMAIN_ID"]))
    second = start_run(cartpole, *SMALL, "--place", "split")
    assert second.wait() == 1
    assert "/cartpole_ppo/ppo_agent_3: another copy of this graph is running" in second.output
    first.close()


def test_copies_in_different_namespaces_do_not_touch_each_other(start_run, cartpole):
    runs = [start_run(cartpole, *SMALL, "--place", "split", "--until-return", "12",
                      "--ros-args", "-r", f"__ns:=/robot{i}") for i in range(2)]
    for run in runs:
        assert run.wait() == 0, run.output
    assert runs[0].report["losses"] == runs[1].report["losses"]


def test_a_second_fused_copy_is_told(start_run, cartpole):
    first = start_run(cartpole, *SMALL[:-1])
    first.until_progress()
    second = start_run(cartpole, *SMALL)
    second.until(lambda: "another copy of this graph is running" in second.output, "a warning",
                 others=[first])
    for run in (second, first):
        run.interrupt()
        assert run.wait() == 130


def test_processes_that_may_not_find_each_other_are_refused(start_command, cartpole, tmp_path):
    run = start_command("dnne_ros", "run", cartpole, *SMALL, "--place", "split", folder=tmp_path,
                        environment={"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"})
    assert run.wait() == 2
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE=OFF: the 6 processes of this graph" in run.output
