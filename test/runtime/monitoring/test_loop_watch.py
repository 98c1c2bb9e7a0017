"""A node that blocks its process's event loop is named, and under `stop` ends the run."""

import asyncio
import threading
import time

from dnne_ros.node_api.fault_settings import default_fault_settings
from dnne_ros.runtime.monitoring.loop_watch import LoopWatch

SOURCE = '''
import time

from dnne_ros.node_api.node import Node


class StuckNode(Node):
    """Read a device that never answers, in the event loop."""

    async def process(self):
        time.sleep(1000)
'''


def test_the_task_that_blocks_is_named_once_a_stall():
    said = []
    settings = {**default_fault_settings(), "watchdog.seconds": 0.5, "watchdog.policy": "warn"}

    async def blocks():
        await asyncio.sleep(0)
        time.sleep(1.2)
        await asyncio.sleep(0.2)

    async def main():
        watch = LoopWatch(asyncio.get_running_loop(), lambda *stall: said.append(stall))
        watch.watch("/graph/stuck_1", settings)
        watch.watch("/graph/other_2", settings)
        await asyncio.get_running_loop().create_task(blocks(), name="/graph/stuck_1")
        watch.close()

    asyncio.run(main())
    (name, policy, seconds), = said
    assert (name, policy) == ("/graph/stuck_1", "warn") and seconds > 0.5
    for thread in threading.enumerate():
        if thread.name == "loop watch":
            thread.join(5)
            assert not thread.is_alive()


def test_stop_ends_a_run_that_cannot_end_itself(start_command, tmp_path):
    (tmp_path / "stuck.py").write_text(SOURCE)
    (tmp_path / "stuck.json").write_text('{"1": {"class_type": "StuckNode", "inputs": {}}}')
    run = start_command(
        "dnne_ros", "run", "stuck.json", "--nodes", "stuck.py", "--quiet", "--set",
        "1.watchdog.seconds=0.2", "--set", "1.watchdog.policy=stop", folder=tmp_path,
        separate=True)
    assert run.wait() == 1
    assert "dnne-ros: /stuck/stuck_1 (item 0): blocks all nodes" in run.errors
