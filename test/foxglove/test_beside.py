"""The process beside a run, and what it may print."""

import asyncio
import sys

from dnne_ros.foxglove import beside
from dnne_ros.foxglove.address import Address


def test_a_run_outlives_whatever_its_process_prints(monkeypatch, tmp_path):
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\nprint('a' * 200_000)\nprint('it goes on')\n")
    program.chmod(0o755)
    monkeypatch.setattr(beside.sys, "executable", str(program))
    said = []

    async def main():
        ended = asyncio.Event()

        def warn(text):
            said.append(text)
            ended.set()
        async with beside.viewers_served(Address("127.0.0.1", 0), "/x", "LOCALHOST", said.append,
                                         warn):
            await ended.wait()
    asyncio.run(main())
    assert said[-2] == "it goes on" and "nobody can watch any more" in said[-1]
