"""A file that says that the event loop turns."""

import asyncio

from dnne_ros.runtime.monitoring import alive_file


def test_it_is_touched_again_and_again_until_it_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setattr(alive_file, "_SECONDS", 0.0)
    folder = tmp_path / "run"
    folder.mkdir()
    place = folder / "alive"
    warnings = []

    async def live():
        alive_file.keep_alive_file(asyncio.get_running_loop(), warnings.append,
                                   {alive_file.ALIVE_FILE: str(place)})
        for _ in range(2):
            while not place.exists():
                await asyncio.sleep(0)
            place.unlink()
        folder.rmdir()
        while not warnings:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(live(), 60.0))
    assert warnings == [f"DNNE_ROS_ALIVE_FILE: {place}: No such file or directory"]
