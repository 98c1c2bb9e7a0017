"""Hearing what another process publishes from its first message on.

A publisher sends to whom it has met, and who listens cannot know whether it has.  So it keeps what
it sends for those that come later.
"""

DEPTH = 1000


def kept(*topics):
    """Return the arguments of `dnne-ros run` that let it keep what it publishes there."""
    qos = {"durability": "transient_local", "depth": DEPTH}
    values = [f"qos_overrides.{topic}.publisher.{name}:={value}"
              for topic in topics for name, value in qos.items()]
    return ("--ros-args", *(word for value in values for word in ("-p", value)))


def from_the_first():
    """Return the QoS of a subscription that hears what was kept."""
    from rclpy.qos import DurabilityPolicy, QoSProfile

    return QoSProfile(depth=DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL)
