"""What DDS is told to reach, and that nobody holds up who sends over it."""

import os
import re
import signal

import pytest

from dnne_ros.errors import InputError
from dnne_ros.runtime.discovery import (
    RANGE,
    check_reach,
    choose_peers,
    choose_reach,
    forget_peers,
    rclpy_line,
)

PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"


def profile_of(said):
    """Take the profile out of ``said``, which must name a file; return its name."""
    (profile,) = {said.pop(name) for name in PROFILES if name in said}
    assert os.path.isfile(profile)
    return os.path.basename(profile)


@pytest.mark.parametrize("said", [{}, {RANGE: "LOCALHOST"}])
def test_a_machine_alone_is_reached_without_shared_memory(said):
    assert choose_reach(said, "LOCALHOST") == "LOCALHOST"
    assert said[RANGE] == "SYSTEM_DEFAULT"
    before = dict(said)
    choose_reach(said, "LOCALHOST")  # as a process does that inherits it
    assert said == before
    assert profile_of(said) == "loopback.xml"


def test_a_network_is_reached_without_shared_memory():
    said = {RANGE: "SUBNET"}
    assert choose_reach(said, "LOCALHOST") == "SUBNET"
    profile_of(said)
    assert said == {RANGE: "SUBNET", TRANSPORTS: "UDPv4"}


@pytest.mark.parametrize("chosen", [{TRANSPORTS: "DEFAULT"}, {"ROS_STATIC_PEERS": "10.0.0.2"}])
def test_transports_and_peers_that_the_user_has_chosen_stay(chosen):
    said = dict(chosen)
    assert choose_reach(said, "LOCALHOST") == "LOCALHOST"
    profile_of(said)
    assert said == {**chosen, RANGE: "LOCALHOST"}


@pytest.mark.parametrize("chosen", [
    {PROFILES[0]: "mine.xml"}, {PROFILES[1]: "mine.xml"},
    {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}])
def test_profiles_and_another_dds_that_the_user_has_chosen_stay(chosen):
    said = dict(chosen)
    assert choose_reach(said, "LOCALHOST") == "LOCALHOST"
    assert said == {**chosen, RANGE: "LOCALHOST"}


def test_hosts_that_are_named_are_looked_for_without_multicast(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = {}
    assert choose_peers(said, ["10.1.2.3", "localhost"]) == "SUBNET"
    file, = tmp_path.iterdir()
    assert said.pop(RANGE) == "SYSTEM_DEFAULT" and list(said.values()) == [str(file)]
    assert re.findall("<address>(.*)</address>", file.read_text()) == [
        "127.0.0.1", "10.1.2.3", "127.0.0.1"]
    assert file.stat().st_mode & 0o77 == 0
    forget_peers(said)
    assert not said and not list(tmp_path.iterdir())


def test_another_dds_is_told_in_its_own_way_and_the_users_profiles_are_not_replaced():
    said = {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}
    assert choose_peers(said, ["10.1.2.3", "10.1.2.4"]) == "SUBNET"
    assert said["ROS_STATIC_PEERS"] == "10.1.2.3;10.1.2.4"
    with pytest.raises(InputError, match="FASTDDS_DEFAULT_PROFILES_FILE is set"):
        choose_peers({PROFILES[0]: "mine.xml"}, ["10.1.2.3"])
    with pytest.raises(InputError, match=r"--peers: nobody.invalid: no IPv4 address of a host"):
        choose_peers({}, ["nobody.invalid"])


@pytest.mark.parametrize("reach", ["LOCALHOST", "OFF"])
def test_a_host_that_could_not_reach_others_is_refused(reach):
    check_reach(None, reach)
    check_reach("robot", "SUBNET")
    with pytest.raises(InputError, match=f"{RANGE}={reach}: host robot could not find the other"):
        check_reach("robot", reach)


THREADS = """
import os, pathlib, sys, time
from dnne_ros.runtime.discovery import choose_reach
if sys.argv[1] != "as it comes":
    choose_reach(os.environ, sys.argv[1])
import rclpy
nodes = []
for name in "one", "two":
    context = rclpy.Context()
    rclpy.init(context=context)
    nodes.append(rclpy.create_node(name, context=context))
while any(len(node.get_node_names()) < 2 for node in nodes):
    time.sleep(0.01)
for thread in pathlib.Path("/proc/self/task").iterdir():
    print(thread.joinpath("comm").read_text(), end="")
"""


@pytest.mark.parametrize(("reach", "kilted_asks"), [
    ("as it comes", True), ("LOCALHOST", False), ("SUBNET", False)])
def test_nobody_asks_for_the_layout_of_types_and_announcements_hold_nobody_up(
        start_command, tmp_path, reach, kilted_asks):
    """The threads that do so in Fast DDS 3 crash now and then; all are there when two met."""
    (tmp_path / "threads.py").write_text(THREADS)
    run = start_command(tmp_path / "threads.py", reach, folder=tmp_path, cold=True,
                        environment={RANGE: "LOCALHOST" if reach == "as it comes" else reach})
    assert run.wait() == 0
    assert "dds.udp" in run.output
    assert ("dds.tls" in run.output) == (kilted_asks and rclpy_line() >= 9)
    # Announcements have one, so that answers to the first find somebody who listens.
    assert reach == "as it comes" or "dds.asyn" in run.output


@pytest.mark.parametrize("profile", ["loopback.xml", "network.xml", "peers.xml"])
def test_profiles_are_the_same_for_both_versions_of_fast_dds(repository, profile):
    """But for words of each, which the other would refuse: for a flow controller and a time."""
    texts = [(repository / "dnne_ros/runtime/profiles" / version / profile).read_text()
             for version in ("fast_dds_2", "fast_dds_3")]
    asked = re.compile(r" *<!-- Any will do.*?</(throughputController|"
                       "flow_controller_descriptor_list)>\n", re.DOTALL)
    without = {asked.sub("", text).replace("nackSupressionDuration", "nack_supression_duration")
               for text in texts}
    assert len(without) == 1 and "<!-- Any" not in without.pop()


TALKER = """
import os, pathlib, sys
from dnne_ros.runtime.discovery import choose_reach
choose_reach(os.environ, "LOCALHOST")
import rclpy
from rclpy.qos import qos_profile_sensor_data
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node(f"talker_{os.getpid()}")
publisher = node.create_publisher(String, "talk", qos_profile_sensor_data)
own, said = sys.argv[1], 0
def hear(message):
    if message.data != own:
        pathlib.Path(f"{own}_heard").touch()
node.create_subscription(String, "talk", hear, qos_profile_sensor_data)
file = os.open(own, os.O_RDWR | os.O_CREAT)
while True:
    publisher.publish(String(data=own))
    said += 1
    os.pwrite(file, said.to_bytes(8, "little"), 0)
    rclpy.spin_once(node, timeout_sec=0.001)
"""
STOPS = 40


def test_who_is_stopped_at_any_moment_holds_up_nobody(start_command, tmp_path):
    """With Fast DDS' shared memory, one stop in seven did."""
    (tmp_path / "talker.py").write_text(TALKER)
    names = ("one", "other")
    one, other = talkers = [start_command(tmp_path / "talker.py", name, folder=tmp_path, cold=True)
                            for name in names]

    def said(name):
        return int.from_bytes((tmp_path / name).read_bytes(), "little")

    def talks(talker, name):
        before = said(name)
        talker.until(lambda: said(name) > before + 3, "a word more", moved=lambda: said(name))

    one.until(lambda: all((tmp_path / f"{name}_heard").exists() for name in names),
              "a word of the other", others=talkers)
    for _ in range(STOPS):
        other.process.send_signal(signal.SIGSTOP)
        talks(one, "one")
        other.process.send_signal(signal.SIGCONT)
        talks(other, "other")
    for talker in talkers:
        talker.kill()
