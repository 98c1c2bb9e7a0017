"""What a simulator publishes only when it is asked to."""

from types import SimpleNamespace

import pytest

from dnne_ros.nodes.simulation.simulator_topics import NOBODY, SimulatorTopics


class Context:
    """A node's context with topics that note what is published."""

    def __init__(self, simulated):
        self.clock = SimpleNamespace(simulated=simulated)
        self.topics = self
        self.log = self
        self.advertised, self.published, self.warnings = [], [], []

    def now_ns(self):
        return 7

    def advertise(self, topic, message_type, qos="reliable"):
        self.advertised.append(topic)
        return self

    def publish(self, message):
        self.published.append(message)

    def warning(self, message):
        self.warnings.append(message)


def simulator(num_envs=4, joints=("a",)):
    return SimpleNamespace(spec=SimpleNamespace(
        name="Task", num_envs=num_envs, joints=joints, step_seconds=1 / 3, description=""))


def test_nothing_is_advertised_that_nobody_asks_for():
    context = Context(simulated=False)
    topics = SimulatorTopics(simulator(), context, None)
    for _ in range(3):
        topics.step(NOBODY)
    assert context.advertised == []


def test_the_clock_counts_steps_exactly(monkeypatch):
    monkeypatch.setattr("dnne_ros.nodes.simulation.clock_publisher._PERIOD", 0.0)
    context = Context(simulated=True)
    topics = SimulatorTopics(simulator(), context, None)
    for _ in range(30):
        topics.step(NOBODY)
    assert context.advertised == ["/clock"]
    from rclpy.serialization import deserialize_message
    from rosgraph_msgs.msg import Clock

    times = [deserialize_message(data, Clock).clock for data in context.published]
    assert [(time.sec, time.nanosec) for time in times] == [
        divmod(round(step * 1e9 / 3), 1_000_000_000) for step in range(1, 31)]


@pytest.mark.parametrize("options, env, reason", [
    ({}, 4, "the last environment is 3"), ({"joints": ()}, 0, "the task Task names no joints")])
def test_what_cannot_be_shown_is_told_once(options, env, reason):
    context = Context(simulated=False)
    topics = SimulatorTopics(simulator(**options), context, None)
    for _ in range(3):
        topics.step(env)
    assert context.warnings == [f"shown_env={env}: {reason}: nothing is shown"]
    assert context.advertised == []
