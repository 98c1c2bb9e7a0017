"""What goes along with items, on its way and where it is kept."""

import asyncio

import numpy as np
import pytest

from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.codecs import Int64Codec, codec_for
from dnne_ros.transport.payload import Array, Wire
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.tails import Tails

SMALL = codec_for(Wire(Int64Codec)), 7
LARGE = codec_for(Wire(ArrayCodec, "float32")), Array(np.zeros(100_000, np.float32))


@pytest.mark.parametrize("codec, value", [SMALL, LARGE], ids=["inline", "stored"])
def test_what_goes_along_with_an_item_comes_with_it_alone(edges, ros_loop, codec, value):
    edge = edges(codec=codec, one=(EdgePolicy.LOSSLESS, 10), two=(EdgePolicy.DROP_OLDEST, 10))
    edge.start()

    async def main():
        await edge.rendezvous()
        for tail in (b"", b"a trace", b""):
            await edge.output.send(value, tail=tail)
        for reader in edge.readers.values():
            taken = []
            for _ in range(3):
                assert np.array_equal((await reader.get()), value) if codec is SMALL[0] \
                    else (await reader.get()).data.shape == (100_000,)
                taken.append((reader.number, reader.tails.get(reader.number)))
            assert taken == [(1, b""), (2, b"a trace"), (3, b"")]

    ros_loop.run(asyncio.wait_for(main(), None))


def test_no_more_than_the_newest_are_kept():
    tails = Tails()
    assert tails.get(1) == b""
    for number in range(1, 1001):
        tails.put(number, b"%d" % number)
    assert tails.get(1000) == b"1000" and tails.get(745) == b"745"
    assert tails.get(744) == tails.get(1) == tails.get(1001) == b""
