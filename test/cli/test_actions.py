"""Actions of other ROS nodes in whole runs, in one process and split."""

import json
import re

import pytest
from action_msgs.msg import GoalStatusArray
from kept_topics import from_the_first, kept
from rclpy.qos import qos_profile_action_status_default
from std_msgs.msg import Float64MultiArray, Int32, Int64, String

from dnne_ros.runtime.node.ros_actions import HostActions

pytest.importorskip("test_msgs.action", reason="needs test_msgs: pip install ros-test-msgs")

from test_msgs.action import Fibonacci

GOALS = 20
CLIENT = "2"
TYPE = "test_msgs/action/Fibonacci"
Feedback, Result = Fibonacci.Feedback, Fibonacci.Result


@pytest.fixture
def counting(tmp_path):
    """Write a graph that gives a goal for each of 20 rows, and publishes what comes of it."""
    (tmp_path / "rows.csv").write_text("n\n" + "".join(f"{row}\n" for row in range(GOALS)))
    path = tmp_path / "counting.json"
    path.write_text(json.dumps({
        "1": {"class_type": "DataStreamer", "inputs": {"src_path": str(tmp_path / "rows.csv")}},
        CLIENT: {"class_type": "ActionClient", "_meta": {"title": "Count"}, "inputs": {
            "goal": ["1", 0], "action": "arm/count", "action_type": TYPE, "field": "order",
            "tensor_field": "sequence", "feedback_field": "sequence", "timeout": 3600.0}},
        "3": {"class_type": "RosPublisher", "inputs": {
            "value": [CLIENT, 5], "topic": "/said"}},
        "4": {"class_type": "RosPublisher", "inputs": {
            "value": [CLIENT, 2], "topic": "/status", "message_type": "std_msgs/msg/String"}},
        "5": {"class_type": "Display", "inputs": {"value": [CLIENT, 3]}}}))
    return path


class Counter:
    """A node that offers the action, and hears what the graph makes of the results."""

    def __init__(self, ros_loop):
        self.node = ros_loop.node("counter")
        self.node.create_subscription(Float64MultiArray, "/said", self.hear, from_the_first())
        self.node.create_subscription(
            String, "/status", lambda message: self.states.append(message.data), 1000)
        self.actions = HostActions(self.node)
        self.asked, self.heard, self.states, self.cancelled = [], [], [], []
        self.goals = []

    def offer(self, on_goal, name="/counting/arm/count"):
        self.actions.serve(name, TYPE, on_goal, self.cancel, 1.0)

    def cancel(self, goal):
        self.cancelled.append(goal)
        return True

    def count(self, goal):
        self.asked.append(goal.goal.order)
        goal.accept()
        goal.feedback(Feedback(sequence=[0]))
        goal.finish("succeeded" if goal.goal.order % 3 else "aborted",
                    Result(sequence=[goal.goal.order]))

    def keep(self, goal):
        goal.accept()
        self.goals.append(goal)

    def hear(self, message):
        self.heard += message.data


@pytest.mark.parametrize("place", ["fused", "split"])
def test_each_item_is_a_goal_in_order(start_run, ros_loop, counting, place):
    counter = Counter(ros_loop)
    run = start_run(counting, "--place", place, *kept("/said"), "-r", "arm/count:=/elsewhere")

    async def talk():
        counter.offer(counter.count, "/elsewhere")
        await ros_loop.until(lambda: len(counter.heard) == GOALS)

    ros_loop.run(talk(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert counter.asked == list(range(GOALS))
    assert counter.heard == [float(row) for row in range(GOALS)]


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_goal_that_is_under_way_is_cancelled_when_the_run_stops(
        start_run, ros_loop, counting, place):
    counter = Counter(ros_loop)
    run = start_run(counting, "--place", place, *kept("/said"))

    async def talk():
        counter.offer(counter.keep)
        await ros_loop.until(lambda: counter.goals)
        run.interrupt()
        await ros_loop.until(lambda: counter.cancelled)

    ros_loop.run(talk())
    assert run.wait() == 130, run.output
    assert counter.cancelled == counter.goals and len(counter.goals) == 1


@pytest.mark.long
def test_a_server_that_is_killed_in_mid_goal_and_comes_back(start_run, ros_loop, counting,
                                                             tmp_path):
    serving = tmp_path / "serving.json"
    serving.write_text(json.dumps({
        "1": {"class_type": "RosSubscriber", "inputs": {
            "topic": "/answers", "message_type": "std_msgs/msg/Int64", "field": "data"}},
        "2": {"class_type": "ActionServer", "inputs": {
            "result": ["1", 0], "field": "sequence", "action": "/counting/arm/count",
            "action_type": TYPE}},
        "3": {"class_type": "Display", "inputs": {"value": ["2", 2]}}}))
    counter = Counter(ros_loop)
    goals = []
    counter.node.create_subscription(
        GoalStatusArray, "/counting/arm/count/_action/status",
        lambda message: goals.extend(message.status_list), qos_profile_action_status_default)
    answers = counter.node.create_publisher(Int64, "/answers", 10)
    server = start_run(serving)
    run = start_run(counting, *kept("/said"))

    async def talk():
        await ros_loop.until(lambda: goals)
        server.kill()
        again = start_run(serving)
        await ros_loop.until(lambda: "gone" in counter.states)
        counter.node.create_timer(0.02, lambda: answers.publish(Int64(data=7)))
        await ros_loop.until(lambda: 7.0 in counter.heard)
        return again

    ros_loop.run(talk(), run)


@pytest.mark.parametrize("place", ["fused", "split"])
def test_an_action_that_nobody_offers_is_late(start_run, counting, place):
    run = start_run(counting, "--place", place, "--set", f"{CLIENT}.deadline.seconds=8",
                    "--set", f"{CLIENT}.deadline.policy=stop")
    assert run.wait() == 1, run.output
    assert ("[counting.action_client_2]: has waited 5 s so far for the action /counting/arm/count "
            f"({TYPE}), which no node offers") in run.output
    assert "/counting/action_client_2 (item 1)" in run.output


def test_a_failure_may_end_the_run(start_run, ros_loop, counting):
    counter = Counter(ros_loop)
    counter.offer(lambda goal: goal.reject())
    run = start_run(counting, "--set", f"{CLIENT}.when_failed=fail")
    assert ros_loop.run(_ended(ros_loop, run)) == 1, run.output
    assert "the action /counting/arm/count has rejected a goal" in run.output


async def _ended(ros_loop, run):
    await ros_loop.until(lambda: run.process.poll() is not None)
    return run.wait()


def test_a_type_that_is_not_installed_is_said_before_the_start(command, counting):
    for words in (("check", counting), ("run", counting, "--quiet")):
        done = command(*words, "--set", f"{CLIENT}.action_type=no_actions/action/Do")
        assert done.returncode == 2
        line = done.stderr.splitlines()[-1]
        assert "node 2 'Count' (ActionClient): widget 'action_type': action type no_act" in line
        assert "apt install ros-" in line and "-no-actions; or" in line and "colcon" in line


def test_check_says_what_would_be_called(command, counting):
    done = command("check", counting)
    assert done.returncode == 0, done.stderr
    assert f"action_client_2 calls /counting/arm/count  [{TYPE}]" in done.stdout


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_graph_works_on_its_own_goals(start_run, ros_loop, tmp_path, place):
    (tmp_path / "rows.csv").write_text("n\n3\n4\n")
    both = {"action": "/count", "action_type": TYPE}
    graph = tmp_path / "both.json"
    graph.write_text(json.dumps({
        "1": {"class_type": "DataStreamer", "inputs": {
            "src_path": str(tmp_path / "rows.csv"), "loop_data": True, "sync_mode": "timed"}},
        "2": {"class_type": "ActionClient", "inputs": {
            "goal": ["1", 0], "field": "order", "tensor_field": "sequence", **both}},
        "3": {"class_type": "RosPublisher", "inputs": {"value": ["2", 5], "topic": "/said"}},
        "5": {"class_type": "ActionServer", "inputs": {
            "result": ["5", 1], "tensor_field": "order", "field": "sequence",
            "feedback": ["5", 1], "feedback_field": "sequence", "feedback_id": ["5", 2],
            **both}}}))
    heard = []
    ros_loop.node("listener").create_subscription(
        Float64MultiArray, "/said", lambda message: heard.extend(message.data), 1000)
    run = start_run(graph, "--place", place)
    ros_loop.run(ros_loop.until(lambda: len(heard) >= 20), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert heard == [heard[0] if number % 2 == 0 else 7.0 - heard[0]
                     for number in range(len(heard))]


def test_an_arm_follows_chunks(start_run, ros_loop, tmp_path):
    """Against an action of ros2_control's type, where that is installed."""
    pytest.importorskip("control_msgs.action", reason="needs control_msgs")
    (tmp_path / "rows.csv").write_text("a,b\n" + "0.5,1\n" * 5)
    graph = tmp_path / "arm.json"
    graph.write_text(json.dumps({
        "1": {"class_type": "DataStreamer", "inputs": {"src_path": str(tmp_path / "rows.csv")}},
        "2": {"class_type": "FollowJointTrajectory", "inputs": {
            "positions": ["1", 0], "joints": "shoulder,elbow", "rate": 2.0,
            "action": "/arm/follow", "new_goal": "wait"}},
        "3": {"class_type": "Display", "inputs": {"value": ["2", 3]}},
        "4": {"class_type": "JointTrajectoryPublisher", "inputs": {
            "positions": ["1", 0], "joints": "shoulder,elbow", "topic": "/arm/go"}}}))
    from control_msgs.action import FollowJointTrajectory

    goals = []

    def follow(goal):
        goals.append(goal.goal.trajectory)
        goal.accept()
        goal.finish("succeeded", FollowJointTrajectory.Result())

    HostActions(ros_loop.node("arm")).serve(
        "/arm/follow", "control_msgs/action/FollowJointTrajectory", follow, bool, 1.0)
    run = start_run(graph)
    ros_loop.run(ros_loop.until(lambda: len(goals) == 5), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert all(list(each.points[0].positions) == [0.5, 1.0] for each in goals)


def test_the_example_counts_for_itself_and_for_others(start_run, ros_loop, repository):
    run = start_run(repository / "docs" / "examples" / "count.json")
    node = ros_loop.node("caller")
    client = HostActions(node).client("/count/count", TYPE)
    feedback, states = [], []
    order = node.create_publisher(Int32, "/order", 10)

    async def talk():
        await client.appears(None)
        goal = await client.send(Fibonacci.Goal(order=7), 3600.0, feedback.append, states.append)
        ended = await goal.result()
        goal.let_go(cancel=False)
        await ros_loop.until(lambda: order.publish(Int32(data=5)) or "succeeded" in run.output)
        return ended

    word, result = ros_loop.run(talk(), run)
    assert (word, list(result.sequence)) == ("succeeded", [7])


def test_the_snippets_are_sound(command, repository, tmp_path):
    pytest.importorskip("control_msgs.action", reason="needs control_msgs")
    pytest.importorskip("nav2_msgs.action", reason="needs nav2_msgs")
    text = (repository / "docs" / "ros_actions.md").read_text()
    snippets = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert len(snippets) == 2
    for number, snippet in enumerate(snippets):
        path = tmp_path / f"snippet_{number}.json"
        path.write_text(snippet)
        done = command("check", path)
        assert done.returncode == 0, done.stderr
        assert re.search("calls /.*(follow_joint_trajectory|navigate_to_pose)", done.stdout)
