import asyncio

from dnne_ros.toolkit import breath
from dnne_ros.toolkit.breath import Breath


def test_a_source_rests_now_and_then(monkeypatch):
    items, rests = [], []

    async def rest(seconds):
        rests.append((seconds, len(items)))

    async def source():
        pace = Breath()
        for number in range(200):
            items.append(number)
            await pace.after_item()

    monkeypatch.setattr(breath.asyncio, "sleep", rest)
    asyncio.run(source())
    assert rests == [(0.02, 64), (0.02, 128), (0.02, 192)]
