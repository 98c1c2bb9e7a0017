"""With the real messages of nav2, where they are installed."""

import asyncio

import pytest
import torch

from dnne_ros.errors import PeerError
from dnne_ros.nodes.robot.navigate_to_pose import NavigateToPose
from dnne_ros.testing import NodeDriver

pytest.importorskip("nav2_msgs.action", reason="needs nav2_msgs")

from nav2_msgs.action import NavigateToPose as Navigate


@pytest.mark.parametrize("end", ["succeeded", "aborted"])
def test_a_pose_is_a_goal(run_async, end):
    async def main():
        node = NavigateToPose({"behavior_tree": "tree.xml", "when_failed": "fail"})
        async with NodeDriver(node, ["pose"]) as context:
            context.actions.respond = lambda _: None
            context.feed("pose", torch.tensor([1.0, 2.0, 0.0]))
            while not context.actions.goals:
                await asyncio.sleep(0)
            goal, = context.actions.goals
            feedback = Navigate.Feedback(distance_remaining=1.5)
            feedback.current_pose.pose.position.x = 0.25
            goal.say(feedback)
            result = Navigate.Result()
            if end == "aborted":
                result.error_code = 9000
            goal.end(end, result)
            await context.sends(6)
        return context

    if end == "aborted":
        with pytest.raises(PeerError, match="/navigate_to_pose: a goal was aborted: error_code "
                                            "9000"):
            run_async(main())
        return
    context = run_async(main())
    goal = context.actions.goals[0].message
    assert (goal.pose.header.frame_id, goal.behavior_tree) == ("map", "tree.xml")
    assert (goal.pose.pose.position.y, goal.pose.pose.orientation.w) == (2.0, 1.0)
    assert context.outputs("distance") == [1.5]
    assert context.outputs("current")[0].tolist() == [0.25, 0, 0, 0, 0, 0, 1]
    assert context.outputs("succeeded") == [True]
