"""``dnne-ros security`` as a user runs it, and what a run makes of it."""

import os
import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

import pytest

WORKFLOWS = sorted((Path(__file__).parents[2] / "config/workflows").glob("*.json"))
ASKED = {"cartpole_balance": ("--nodes", "{workflows}/balance.py"),
         "reach_by_camera": ("--nodes", "{workflows}/reach_by_camera.py")}
KINDS = {"topics": ("topic", ("publish", "subscribe")), "services": (
    "service", ("reply", "request")), "actions": ("action", ("call", "execute"))}
ENFORCED = {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Enforce"}


def rules(policy):
    """Return {(enclave, node): {(kind, way): names}} of a policy, if it is as sros2 0.2.0 says."""
    root = ElementTree.parse(policy).getroot()
    assert (root.tag, root.attrib, [each.tag for each in root]) == (
        "policy", {"version": "0.2.0"}, ["enclaves"])
    found = {}
    for enclave in root[0]:
        assert (enclave.tag, set(enclave.attrib)) == ("enclave", {"path"})
        profiles, = enclave
        assert profiles.tag == "profiles" and len(profiles)
        for profile in profiles:
            assert (profile.tag, set(profile.attrib)) == ("profile", {"ns", "node"})
            node = f"{profile.get('ns').rstrip('/')}/{profile.get('node')}"
            own = found[enclave.get("path"), node] = {}
            for rule in profile:
                kind, ways = KINDS[rule.tag]
                (way, allowed), = rule.attrib.items()
                assert allowed == "ALLOW" and way in ways and len(rule)
                assert {each.tag for each in rule} == {kind}
                own[kind, way] = {each.text for each in rule}
    return found


def lines_of(done):
    return done.stderr.strip().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_shipped_workflow_has_a_policy_without_wildcards(command, path, tmp_path):
    for place in ("fused", "split"):
        words = [word.format(workflows=path.parent) for word in ASKED.get(path.stem, ())]
        done = command("security", path, "--place", place, "-o", tmp_path / place, *words)
        assert done.returncode == 0, done.stderr
        found = rules(tmp_path / place / "policy.xml")
        names = {name for own in found.values() for each in own.values() for name in each}
        assert all(re.fullmatch(r"(/[A-Za-z_][A-Za-z0-9_]*)+", name) for name in names)
        assert all("/rosout" in own["topic", "publish"] for own in found.values())
        if place == "fused":
            hidden = {name for name in names if "/_" in name}
            assert all(name.endswith("/_debug") for name in hidden), "what dnne-ros debug asks"


def test_sros2_finds_the_policy_valid(command, cartpole, tmp_path):
    """By its own schema, and its own permissions are ours."""
    policy = pytest.importorskip("sros2.policy", reason="sros2 comes with a ROS 2 installation")
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    from lxml import etree
    from sros2.api._policy import get_policy

    done = command("security", cartpole, "--place", "split", "--keys", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "out/policy.xml"
    made = etree.XSLT(etree.parse(str(policy.get_transport_template("dds", "permissions.xsl"))))
    schemas = {name: etree.XMLSchema(etree.parse(str(policy.get_transport_schema(
        "dds", f"{name}.xsd")))) for name in ("permissions", "governance")}
    enclaves = tmp_path / "out/keystore/enclaves"
    schemas["governance"].assertValid(etree.parse(str(enclaves / "governance.xml")))
    for enclave in policy.load_policy(file).find("enclaves"):
        ours = etree.parse(f"{enclaves}{enclave.get('path')}/permissions.xml")
        schemas["permissions"].assertValid(ours)
        theirs = made(get_policy(enclave.get("path"), file),
                      allow_ros_discovery_topic=etree.XSLT.strparam("1"))
        for way in ("publish", "subscribe"):
            one, other = ({topic.text for topic in each.iterfind(f".//{way}/topics/topic")}
                          for each in (ours, theirs))
            assert one == other


def actual(looker):
    """Return what other nodes have, as `rules` does, as DDS tells it."""
    found = {}
    for name, space, enclave in looker.get_node_names_and_namespaces_with_enclaves():
        if name == looker.get_name():
            continue
        own = defaultdict(set)
        for rule, ask in ((("topic", "publish"), looker.get_publisher_names_and_types_by_node),
                          (("topic", "subscribe"), looker.get_subscriber_names_and_types_by_node),
                          (("service", "reply"), looker.get_service_names_and_types_by_node),
                          (("service", "request"), looker.get_client_names_and_types_by_node)):
            if names := {each for each, _ in ask(name, space)}:
                own[rule] = names
        found[enclave, f"{space.rstrip('/')}/{name}"] = dict(own)
    return found


@pytest.mark.parametrize("place", ["fused", pytest.param("split", marks=pytest.mark.slow)])
def test_a_run_has_what_the_policy_allows_and_nothing_else(
        start_run, ros_loop, command, cartpole, tmp_path, place):
    """Under the same names, and each process in the enclave that is its own.

    The policy is for any run of the graph, also for one with ``--metrics``.
    """
    words = (cartpole, "--place", place, "--set", "1.num_envs=8", "--set", "4.shown_env=0")
    ros = ("--ros-args", "-r", "__ns:=/robot1", "-r", "or_2/output:=/seen")
    done = command("security", *words, "-o", tmp_path / "out", *ros)
    assert done.returncode == 0, done.stderr
    wanted = rules(tmp_path / "out/policy.xml")
    run = start_run(*words, "--quiet", "--metrics", "0", *ros)
    looker = ros_loop.node("looker")

    async def main():
        await ros_loop.until(lambda: actual(looker) == wanted)

    ros_loop.run(main(), run)
    run.interrupt()
    assert run.wait() == 130, run.output


def test_a_folder_that_exists_is_left_alone(command, cartpole, tmp_path):
    (tmp_path / "out").mkdir()
    done = command("security", cartpole, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert lines_of(done) == [
        f"dnne-ros: {tmp_path}/out: it exists already; a policy and its keys are not written "
        "over: name another folder, or remove it"]
    assert not list((tmp_path / "out").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    done = command("security", cartpole, "-o", tmp_path / "no/out")
    assert done.returncode == 2 and "there is no folder" in done.stderr


def test_keys_are_added_to_a_keystore_and_never_replaced(command, cartpole, tmp_path):
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    assert command("security", cartpole, "--keys", "-o", "one", cwd=tmp_path).returncode == 0
    keys = {path: path.read_bytes() for path in tmp_path.rglob("*.pem")}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys
               if path.name.endswith("key.pem"))
    done = command("security", cartpole, "--place", "split", "--keystore", "one/keystore", "-o",
                   "two", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["policy.xml"]
    done = command("security", cartpole, "--keystore", "one/keystore", "-o", "three", "--ros-args",
                   "-r", "or_2/output:=/seen", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 keys were there and stay" in done.stdout
    assert {path: path.read_bytes() for path in keys} == keys
    folders = {path.parent.name for path in (tmp_path / "one/keystore/enclaves").rglob("key.pem")}
    assert folders >= {"main", "or_2", "ppo_agent_3"}
    assert b"<topic>rt/seen</topic>" in (
        tmp_path / "one/keystore/enclaves/cartpole_ppo/main/permissions.p7s").read_bytes()


def test_without_cryptography_it_says_what_to_install(start_command, repository, cartpole,
                                                      tmp_path):
    (tmp_path / "cryptography.py").write_text(
        "raise ImportError(\"No module named 'cryptography'\")")
    done = start_command("dnne_ros", "security", cartpole, "--keys", "-o", "out", folder=tmp_path,
                         cold=True, environment={"PYTHONPATH": f"{tmp_path}:{repository}"})
    assert done.wait() == 2
    assert ("No module named 'cryptography': keys want the Python package cryptography: pip "
            "install 'dnne_ros[security]'") in done.output
    assert "Traceback" not in done.output and not (tmp_path / "out").exists()


def test_processes_without_an_enclave_are_named_before_the_start(start_command, cartpole,
                                                                 tmp_path):
    run = start_command("dnne_ros", "run", cartpole, "--place", "split", folder=tmp_path,
                        environment={**ENFORCED, "ROS_SECURITY_KEYSTORE": str(tmp_path)})
    assert run.wait() == 2
    assert "environment: 6 problems" in run.output and "Traceback" not in run.output
    for process in ("isaac_gym_env_1", "or_2", "ppo_agent_3", "ppo_trainer_6"):
        assert f"process {process}: there is no enclave /cartpole_ppo/{process} in" in run.output


WITHOUT_SECURITY = (
    "environment: ROS_SECURITY_ENABLE=true, but this Fast DDS doesn't have the security "
    "libraries, as that of the wheels from PyPI: take a ROS 2 installation, or unset "
    "ROS_SECURITY_ENABLE")
needs_wheels = pytest.mark.skipif("ROS_DISTRO" in os.environ,
                                  reason="a ROS 2 installation's Fast DDS has it")


@pytest.fixture
def keystore(tmp_path):
    """Return the variables of a keystore in which there is an enclave of each name, ``/one``."""
    from dnne_ros.security.enclaves import NEEDED

    def make(*enclaves):
        for enclave in ("", *enclaves):
            folder = tmp_path / "enclaves" / enclave
            folder.mkdir(parents=True, exist_ok=True)
            for name in NEEDED:
                (folder / name).touch()
        return {**ENFORCED, "ROS_SECURITY_KEYSTORE": str(tmp_path)}
    return make


def said_once(command):
    assert command.wait() == 2, command.said()
    lines = [line for line in command.errors.splitlines()
             if line and not line.startswith("[INFO] ")]  # rcl says where it looks
    assert [line.partition(": ")[2] if line.startswith("dnne-ros: ") else line
            for line in lines] == [WITHOUT_SECURITY]
    assert "Traceback" not in command.said() and "Warning" not in command.said()


@needs_wheels
@pytest.mark.parametrize("options", [
    (), ("--place", "split"), ("--place", "hosts.yaml", "--host", "robot"),
], ids=["fused", "split", "host"])
def test_a_fast_dds_without_security_is_one_line(start_command, cartpole, keystore, tmp_path,
                                                 options):
    (tmp_path / "hosts.yaml").write_text("hosts: {robot: [1, 4], desk: [2, 3, 5, 6, 7]}\n")
    run = start_command(
        "dnne_ros", "run", cartpole, "--quiet", *options, "--ros-args", "--enclave", "/one",
        folder=tmp_path, separate=True, environment={
            **keystore("one"), "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
            "DNNE_ROS_RUN_KEY": "0" * 64})
    said_once(run)


@needs_wheels
@pytest.mark.parametrize("place", ["fused", "split"])
def test_so_it_is_of_a_managed_graph(start_command, repository, keystore, tmp_path, place):
    said_once(start_command(
        "dnne_ros", "run", "docs/examples/cartpole_onnx.json", "--lifecycle", "--quiet", "--place",
        place, "--ros-args", "--enclave", "/one", folder=repository, separate=True,
        environment=keystore("one")))


@needs_wheels
def test_so_it_is_of_programs_beside_graphs(start_command, keystore, tmp_path):
    said_once(start_command("dnne_ros.runtime.line_publisher", "/lines", folder=tmp_path,
                            separate=True, environment=keystore()))
    said_once(start_command("dnne_ros", "top", "--once", folder=tmp_path, separate=True,
                            environment=keystore()))
    pytest.importorskip("dbos")
    said_once(start_command("dnne_ros", "jobs", "serve", "--store", tmp_path / "store",
                            folder=tmp_path, separate=True, environment=keystore()))
