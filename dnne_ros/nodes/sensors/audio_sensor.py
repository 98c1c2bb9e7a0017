"""Sound of a microphone, real or made up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import as_tensor
from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.device_reader import DeviceReader
from dnne_ros.toolkit.rate import Rate

if TYPE_CHECKING:
    import numpy as np

_PITCH = 440.0
_LOUDNESS = 0.5


class AudioSensorNode(Node):
    """Give the sound of a microphone through PortAudio, or a made-up tone of 440 Hz.

    A real microphone is read in a thread of its own.
    """

    category = "sensors"

    audio = Output(Tensor("float32", ("env", "sample")), "(1, chunk_size), from -1 to 1.",
                   aliases=("audio_data",))
    sample_rate = Widget(16_000, "Samples in a second.", minimum=1000, maximum=384_000, unit="Hz")
    chunk_size = Widget(1024, "Samples of each item.", minimum=1, maximum=1_000_000)
    use_real_microphone = Widget(False, "Open a microphone instead of making a tone up.")
    noise = Widget(0.01, "Of the made-up tone: standard deviation, as a share of full scale.",
                   minimum=0.0, maximum=1.0)
    device = Widget("", "Number or part of the name of the microphone; empty: the default one.")

    @classmethod
    def runs_without_torch(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether there is a real microphone: the made-up tone is one of torch."""
        return bool(values["use_real_microphone"])

    def setup(self) -> None:
        """Choose between the microphone and the made-up tone."""
        self._reader = DeviceReader(self, self._open) if self.use_real_microphone else None
        if self._reader is not None:
            _import_sounddevice()

    async def process(self) -> None:
        """Give chunk after chunk."""
        pace = Rate(self.chunk_size / self.sample_rate, self.context.clock)
        made_up = self._make_up()
        while True:
            if self._reader is None:
                await pace.wait()
                await self.send_output(next(made_up), "audio")
            else:  # the device keeps the time
                await self.send_output(as_tensor(await self._reader.read()), "audio")

    async def close(self) -> None:
        """Give the microphone back."""
        if self._reader is not None:
            await self._reader.close()

    def _open(self) -> _Microphone:
        return _Microphone(self.device, self.sample_rate, self.chunk_size)

    def _make_up(self) -> Any:
        import torch

        from dnne_ros.node_api.seeding import node_seed

        generator = torch.Generator().manual_seed(
            node_seed(self.context.seed, self.context.node_id))
        turn = 2 * math.pi * _PITCH / self.sample_rate
        start = 0
        while True:
            phase = torch.arange(start, start + self.chunk_size, dtype=torch.float64) * turn
            tone = _LOUDNESS * phase.sin().float()
            noise = torch.randn(self.chunk_size, generator=generator) * self.noise
            yield (tone + noise).clamp(-1.0, 1.0)[None]
            start += self.chunk_size


class _Microphone:
    """A `dnne_ros.toolkit.device_reader.Device`: PortAudio's input stream."""

    def __init__(self, device: str, sample_rate: int, chunk_size: int):
        sounddevice = _import_sounddevice()
        self._failure = sounddevice.PortAudioError
        self._size = chunk_size
        name = int(device) if device.isdigit() else device or None
        try:
            self._stream = sounddevice.InputStream(
                samplerate=sample_rate, blocksize=chunk_size, device=name, channels=1,
                dtype="float32")
            self._stream.start()
        except (self._failure, ValueError) as error:
            raise OSError(f"microphone {device or 'default'}: {error}") from None

    def read(self) -> np.ndarray:
        try:
            samples, _ = self._stream.read(self._size)
        except self._failure as error:
            raise OSError(f"the microphone gives no sound any more: {error}") from None
        channels: np.ndarray = samples.T.copy()
        return channels

    def close(self) -> None:
        self._stream.close()


def _import_sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: there is no PortAudio
        raise InputError("use_real_microphone", [
            f"PortAudio is not to be had ({error}): pip install dnne_ros[audio], and apt install "
            "libportaudio2"]) from None
    return sounddevice
