"""What shows that a message on DDS comes from a process of this run.

Everybody whom DDS reaches may publish on the topics of a graph.  So what the processes of a run
say to each other there has a keyed hash in front (BLAKE2b, RFC 7693, with the run's key and the
topic's name), and what has not the right one is as good as not said.  It shows who has written a
message and that it is whole; it hides nothing.  Sockets and shared memory need none: the kernel
knows whose they are.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from dnne_ros.transport.cdr import HEADER, CdrError

TAG_BYTES = 16
# A std_msgs/UInt8MultiArray without a layout: no axes, offset 0, the number of bytes.
_HEAD = struct.Struct("<4s3I")


class Seal:
    """Seals the messages of one topic, and opens them."""

    def __init__(self, key: bytes, topic: str):
        """Use the run's ``key``, at most 64 bytes, on the topic of this full name."""
        self._state = hashlib.blake2b(topic.encode() + b"\0", digest_size=TAG_BYTES, key=key)

    def tag(self, body: bytes | memoryview) -> bytes:
        """Return what only who has the key can say of ``body``."""
        state = self._state.copy()
        state.update(body)
        return state.digest()

    def fits(self, tag: bytes | memoryview, body: bytes | memoryview) -> bool:
        """Tell whether ``tag`` is that of ``body``."""
        return hmac.compare_digest(tag, self.tag(body))

    def seal(self, body: bytes) -> bytes:
        """Return a serialised UInt8MultiArray with ``body`` and its tag.

        Elements that are aligned to 32 bytes in the body are so in the message.
        """
        return b"".join((_HEAD.pack(HEADER, 0, 0, TAG_BYTES + len(body)), self.tag(body), body))

    def open(self, message: bytes) -> memoryview:
        """Return the body of a serialised message; `CdrError` if it is not one of this run."""
        if len(message) < _HEAD.size + TAG_BYTES:
            raise CdrError(f"expected a sealed message, found {len(message)} bytes")
        header, axes, offset, size = _HEAD.unpack_from(message)
        end = _HEAD.size + size
        # DDS pads messages to whole words, and says so in the header's last two bytes.
        if header[:2] != HEADER[:2] or axes or offset or not 0 <= len(message) - end < 4:
            raise CdrError("expected a sealed message, found something else")
        body = memoryview(message)[_HEAD.size + TAG_BYTES:end]
        if not self.fits(message[_HEAD.size:_HEAD.size + TAG_BYTES], body):
            raise CdrError("it does not show the key of this run")
        return body
