"""What ROS is told of security is held against the graph before anything is started."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.security.enclaves import NEEDED
from dnne_ros.security.environment import check_security, why_not_secure

ENFORCED = {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Enforce"}
ENCLAVES = {"sim": "/g/sim", "learn": "/g/learn"}


@pytest.fixture
def keystore(tmp_path):
    """Return a keystore with the enclave of one process, as far as names go."""
    for name in NEEDED:
        path = tmp_path / "enclaves/g/sim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def refusal(**variables):
    with pytest.raises(InputError) as caught:
        check_security(ENCLAVES, variables)
    return caught.value


def test_what_is_not_to_be_secure_needs_nothing():
    for variables in ({}, {"ROS_SECURITY_ENABLE": "false"}, {"ROS_SECURITY_ENABLE": ""},
                      {"ROS_SECURITY_ENABLE": "true"},
                      {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Permissive"}):
        check_security(ENCLAVES, variables)


def test_each_process_needs_its_enclave(keystore):
    variables = {**ENFORCED, "ROS_SECURITY_KEYSTORE": str(keystore)}
    check_security({"sim": "/g/sim"}, variables)
    assert [str(problem) for problem in refusal(**variables).problems] == [
        f"process learn: there is no enclave /g/learn in {keystore}; `dnne-ros security` makes "
        "those of a graph, for one placement and namespace"]
    (keystore / "enclaves/g/sim/key.pem").unlink()
    assert "process sim" in str(refusal(**variables)) and "has no key.pem" in str(
        refusal(**variables))


def test_one_enclave_for_all_may_be_named(keystore):
    check_security(ENCLAVES, {**ENFORCED, "ROS_SECURITY_KEYSTORE": str(keystore),
                              "ROS_SECURITY_ENCLAVE_OVERRIDE": "/g/sim"})


def test_a_keystore_must_be_named():
    assert str(refusal(**ENFORCED)) == (
        "environment: ROS_SECURITY_KEYSTORE: expected a keystore, found none; `dnne-ros security "
        "--keys` makes one")


def test_what_ros_takes_for_something_else_is_said():
    said = str(refusal(ROS_SECURITY_ENABLE="True", ROS_SECURITY_STRATEGY="enforce"))
    assert "expected true, found 'True', which is false to ROS" in said
    assert "expected Enforce, found 'enforce', which ROS takes for Permissive" in said


def test_only_missing_libraries_are_missing_libraries():
    said = why_not_secure(RuntimeError(
        "error creating node: This Fast DDS version doesn't have the security libraries\nPlease "
        "compile Fast DDS using the -DSECURITY=ON CMake option, at …"))
    assert "doesn't have the security libraries" in said and "\n" not in said
    assert why_not_secure(RuntimeError("error creating node: no memory")) == ""
