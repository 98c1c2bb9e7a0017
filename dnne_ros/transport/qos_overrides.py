"""QoS of the topics that a graph shares with other stacks, as ROS parameters.

``qos_overrides./joint_states.subscription.reliability``: named as in rclcpp and rclpy, read when
the graph starts, and read-only after that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import ParameterException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.qos import HistoryPolicy, QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import InvalidQosOverridesError, QoSOverridingOptions

from dnne_ros.errors import InputError

RCLError: type[Exception] = rclpy_implementation.RCLError


def _is_bounded(qos: QoSProfile) -> SetParametersResult:
    if qos.history is not HistoryPolicy.KEEP_LAST:
        return SetParametersResult(successful=False, reason=(
            "history: expected keep_last, with which memory stays bounded and nobody waits for a "
            f"subscriber; found {qos.history.name.lower()}"))
    if qos.depth < 1:
        return SetParametersResult(
            successful=False, reason=f"depth: expected at least 1, found {qos.depth}")
    return SetParametersResult(successful=True)


_OPTIONS = QoSOverridingOptions(
    (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY,
     QoSPolicyKind.DURABILITY), callback=_is_bounded)


@contextmanager
def qos_overrides(topic: str) -> Iterator[QoSOverridingOptions]:
    """Give what to create a publisher or subscription of ``topic`` with.

    Raises `InputError` for an override that is none or that cannot be, and for a topic that the
    process has with another type.
    """
    try:
        yield _OPTIONS
    except RCLError as error:
        raise InputError(f"topic {topic}", [" ".join(str(error).split())]) from None
    except (InvalidQosOverridesError, ParameterException, RuntimeError) as error:
        # A word that is no policy is a RuntimeError of rclpy.
        raise InputError(f"qos_overrides.{topic}", [" ".join(str(error).split())]) from None
