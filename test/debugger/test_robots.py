"""A robot whose graph is paused gets its safe command, and obeys nothing old afterwards."""

import json
import time

from rcl_interfaces.msg import Log
from std_msgs.msg import Float64MultiArray

START = time.monotonic()
SOURCE = '''
import asyncio
import time

import torch

from dnne_ros import Action, Node, Output


class PushNode(Node):
    """Say 50 times a second how long it is since START."""

    category = "tests"
    action = Output(Action(), "Seconds.")

    async def process(self):
        """Push."""
        while True:
            await self.send_output(
                torch.tensor([[time.monotonic() - START]]), "action")
            await asyncio.sleep(0.02)
'''


def test_a_paused_robot_gets_its_safe_command_and_obeys_nothing_old(
        ros_loop, start_paused, attach, tmp_path):
    (tmp_path / "push.py").write_text(f"START = {START}\n{SOURCE}")
    graph_file = tmp_path / "robot.json"
    graph_file.write_text(json.dumps({
        "1": {"class_type": "PushNode", "inputs": {}},
        "2": {"class_type": "RobotController", "inputs": {
            "action": ["1", 0], "num_joints": 1, "control_type": "effort", "timeout": 0.2,
            "joint_limits": "[-1e9, 1e9]", "topic": "/commands"}}}))
    run = start_paused(graph_file, "--nodes", tmp_path / "push.py", settings=())
    node = ros_loop.node("robot")
    commands, logged = [], []
    node.create_subscription(Float64MultiArray, "/commands",
                             lambda message: commands.append(message.data[0]), 100)
    node.create_subscription(Log, "/rosout", lambda log: logged.append(log.msg), 100)

    async def main():
        graph = await attach()
        assert (await graph.state())["paused"] and not commands
        await graph.do("go")
        await ros_loop.until(lambda: commands and commands[-1] > 0)
        await graph.do("pause")
        await ros_loop.until(lambda: commands[-1] == 0)  # no push: the safe command of efforts
        # Each step brings it an action that is as old as the stop, so it stands.
        await graph.do("step", "2/action")
        await graph.stopped(None)
        commands.clear()
        went_on = time.monotonic() - START
        await graph.do("go")
        await ros_loop.until(lambda: any(commands))
        assert min(filter(None, commands)) > went_on

    ros_loop.run(main(), run)
    assert "paused by the test" in run.output
    assert any("the safe command is sent" in text for text in logged)
