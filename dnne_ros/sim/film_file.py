"""A film as the bytes of an MP4 file, made in memory: nobody ever finds half of one."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

_QUALITY = {"crf": "23", "preset": "veryfast"}


class FilmFile:
    """Encodes pictures as H.264, or as MPEG-4 where the FFmpeg at hand has no encoder for that."""

    def __init__(self, rate: float):
        """Begin a film of ``rate`` pictures a second."""
        self._bytes = io.BytesIO()
        self._container = av.open(self._bytes, "w", format="mp4")
        self._rate = Fraction(rate).limit_denominator(1000)
        self._stream: av.VideoStream | None = None
        self.pictures = 0

    def add(self, picture: np.ndarray) -> None:
        """Add a picture, uint8 RGB (height, width, 3); the first one says how large all are.

        An odd row or column at the edge is left out: the format wants pairs.
        """
        picture = np.ascontiguousarray(
            picture[:picture.shape[0] // 2 * 2, :picture.shape[1] // 2 * 2])
        if self._stream is None:
            self._stream = self._begin(*picture.shape[:2])
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
            self._container.mux(packet)
        self.pictures += 1

    def content(self) -> bytes:
        """End the film and return the file; there must be a picture in it."""
        assert self._stream is not None  # of nothing, nothing is written
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()
        return self._bytes.getvalue()

    def _begin(self, height: int, width: int) -> av.VideoStream:
        found = "libx264" in av.codecs_available
        stream: av.VideoStream = self._container.add_stream(
            "libx264" if found else "mpeg4", rate=self._rate, options=_QUALITY if found else {})
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.codec_context.thread_count = 1
        return stream
