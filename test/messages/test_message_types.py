import sys

import pytest
from sensor_msgs.msg import JointState

from dnne_ros.messages.message_types import message_class, type_name


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
