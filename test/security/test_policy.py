"""The policy: a profile a node, actions as such, and what sros2's schema asks for."""

import xml.etree.ElementTree as ElementTree

from dnne_ros.security.enclaves import Enclave, Profile, enclave_name
from dnne_ros.security.policy import policy_xml

ACTION = "/arm/follow"
ARM = Profile(
    "/cell", "client", publishes=("/cell/said", "/rosout"),
    subscribes=(f"{ACTION}/_action/feedback", f"{ACTION}/_action/status", "/heard"),
    offers=("/cell/client/get_parameters",),
    calls=("/add", *(f"{ACTION}/_action/{part}" for part in (
        "cancel_goal", "get_result", "send_goal"))))
SERVER = Profile("/cell", "server", publishes=ARM.subscribes[:2], offers=ARM.calls[1:])


def read(*enclaves):
    """Return the policy as {enclave: {node: {(what, how): names}}}, and its version."""
    policy = ElementTree.fromstring(policy_xml(enclaves))
    assert [each.tag for each in policy] == ["enclaves"]
    return policy.get("version"), {
        enclave.get("path"): {
            (profile.get("ns"), profile.get("node")): {
                (rule.tag, *rule.attrib.items()): [name.text for name in rule]
                for rule in profile}
            for profile in enclave.iterfind("profiles/profile")}
        for enclave in policy.iterfind("enclaves/enclave")}


def test_each_node_has_its_names_and_actions_are_actions():
    version, policy = read(Enclave("/cell/one", (ARM,)), Enclave("/cell/other", (SERVER,)))
    assert version == "0.2.0"
    assert policy == {
        "/cell/one": {("/cell", "client"): {
            ("topics", ("publish", "ALLOW")): ["/cell/said", "/rosout"],
            ("topics", ("subscribe", "ALLOW")): ["/heard"],
            ("services", ("reply", "ALLOW")): ["/cell/client/get_parameters"],
            ("services", ("request", "ALLOW")): ["/add"],
            ("actions", ("call", "ALLOW")): [ACTION]}},
        "/cell/other": {("/cell", "server"): {("actions", ("execute", "ALLOW")): [ACTION]}}}


def test_a_service_or_topic_that_looks_like_a_part_of_an_action_stays():
    _, policy = read(Enclave("/a", (Profile("/", "n", ("/x/_action/status",), (), (),
                                            ("/x/_action/get_result",)),)))
    assert policy["/a"]["/", "n"] == {
        ("topics", ("publish", "ALLOW")): ["/x/_action/status"],
        ("services", ("request", "ALLOW")): ["/x/_action/get_result"]}


def test_an_enclave_is_below_the_namespace():
    assert enclave_name("/robot1/cartpole", "main") == "/robot1/cartpole/main"
    assert enclave_name("/", "main") == "/main"
