import sys

import pytest
from sensor_msgs.msg import JointState
from sensor_msgs.srv import SetCameraInfo

from dnne_ros.messages.message_types import (
    class_named,
    message_class,
    service_class,
    type_name,
)


@pytest.mark.parametrize("name", ["sensor_msgs/msg/JointState", "sensor_msgs/JointState"])
def test_both_ways_to_write_a_type(name):
    assert message_class(name) is JointState
    assert type_name(JointState) == "sensor_msgs/msg/JointState"


@pytest.mark.parametrize("name, expected", [
    ("sensor_msgs/msg/JointStates", "is not installed; sensor_msgs has JointState"),
    ("nowhere_msgs/msg/X", "the package nowhere_msgs is not installed; message packages here: "),
    ("JointState", "expected a message type such as sensor_msgs/msg/JointState, found"),
    ("sensor_msgs.msg.JointState", "expected a message type"),
    ("../msg/X", "expected a message type"),
    ("", "expected a message type"),
])
def test_what_is_no_type(name, expected):
    with pytest.raises(ValueError, match=expected):
        message_class(name)


def test_packages_that_are_there_are_listed():
    with pytest.raises(ValueError, match=r"geometry_msgs.*sensor_msgs.*std_msgs"):
        message_class("nowhere_msgs/msg/X")


def test_only_messages_are_imported(tmp_path, monkeypatch):
    (tmp_path / "trap" / "msg").mkdir(parents=True)
    for file in ("__init__.py", "msg/__init__.py"):
        (tmp_path / "trap" / file).write_text("raise SystemExit('a file ran code')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="the package trap is not installed"):
        message_class("trap/msg/X")
    assert "trap" not in sys.modules


@pytest.mark.parametrize("name", ["sensor_msgs/srv/SetCameraInfo", "sensor_msgs/SetCameraInfo"])
def test_service_types(name):
    assert service_class(name) is SetCameraInfo
    assert type_name(SetCameraInfo.Request) == "sensor_msgs/srv/SetCameraInfo_Request"
    for half in (SetCameraInfo.Request, SetCameraInfo.Response, JointState):
        assert class_named(type_name(half)) is half


@pytest.mark.parametrize("name, expected", [
    ("sensor_msgs/srv/SetCamera", "sensor_msgs has SetCameraInfo"),
    ("nowhere_srvs/srv/X", "service packages here: .*diagnostic_msgs.*sensor_msgs"),
    ("sensor_msgs/msg/Image", "expected a service type such as std_srvs/srv/SetBool"),
    ("sensor_msgs/srv/SetCameraInfo_Request", "expected a service type"),
])
def test_what_is_no_service_type(name, expected):
    with pytest.raises(ValueError, match=expected):
        service_class(name)


@pytest.mark.parametrize("environment, distribution", [
    ({"ROS_DISTRO": "kilted"}, "kilted"), ({}, "<distro>")])
def test_how_to_install_a_package_is_said_in_one_line(monkeypatch, environment, distribution):
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    package = f"of_{distribution.strip('<>')}_msgs"  # what was asked for once is remembered
    with pytest.raises(ValueError) as error:
        message_class(f"{package}/msg/X")
    said = str(error.value)
    assert f"apt install ros-{distribution}-{package.replace('_', '-')}; or" in said
    assert f"colcon build --packages-up-to {package} and source" in said and "\n" not in said
