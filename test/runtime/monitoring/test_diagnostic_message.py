"""Diagnostics as bytes: what rclpy reads is what was said."""

from diagnostic_msgs.msg import DiagnosticArray
from hypothesis import given, strategies as st
from rclpy.serialization import deserialize_message

from dnne_ros.node_api.health import Level
from dnne_ros.runtime.monitoring.diagnostic_message import Status, encode_array

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=9)
statuses = st.builds(Status, texts, st.sampled_from(Level), texts, texts,
                     st.dictionaries(texts, texts, max_size=4))


@given(st.integers(0, 2**31 - 1), st.integers(0, 10**9 - 1), st.lists(statuses, max_size=5))
def test_rclpy_reads_what_was_said(seconds, nanoseconds, said):
    data = encode_array(seconds * 10**9 + nanoseconds, said)
    array = deserialize_message(data, DiagnosticArray)
    assert (array.header.stamp.sec, array.header.stamp.nanosec) == (seconds, nanoseconds)
    assert [Status(status.name, Level(status.level[0]), status.message, status.hardware_id,
                   {pair.key: pair.value for pair in status.values})
            for status in array.status] == said


def test_values_are_written_as_people_read_them():
    said = Status("n", values={"flag": True, "share": 0.125, "count": 12345678, "text": "a\0b"})
    status, = deserialize_message(encode_array(0, [said]), DiagnosticArray).status
    assert [pair.value for pair in status.values] == ["true", "0.125", "12345678", "a�b"]
