"""From pictures and sound to features, and from features to an action."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Float, Image, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    import torch

_Network = TypeVar("_Network", bound="torch.nn.Module")
_FEATURES = Tensor("float32", ("env", "feature"))
_WEIGHTS = "A safetensors file; empty: random weights drawn from the run's seed."


class _NetworkNode(Node):
    """What the three have in common: a network for inference alone, on a device.

    Each has widgets ``device`` and ``weights``.
    """

    category = "perception"

    def _build(self, make: Callable[[], _Network]) -> _Network:
        from dnne_ros.node_api.seeding import node_seed
        from dnne_ros.perception.networks import frozen

        seed = node_seed(self.context.seed, self.context.node_id)
        try:
            return frozen(make, seed, self.values["weights"], self._device)
        except ValueError as error:
            raise InputError("widget 'weights'", [str(error)]) from None

    def setup(self) -> None:
        """Pick the device."""
        from dnne_ros.node_api.devices import pick_device

        self._device = pick_device(self.values["device"], self.context.log)


class VisionNetworkNode(_NetworkNode):
    """Turn a picture into features with a small convolutional network."""

    image = Input(Image(), "(height, width, channels) or (height, width).",
                  accepts_also=(Tensor(),), policy=EdgePolicy.LATEST)
    features = Output(_FEATURES, "(1, output_dim).", aliases=("vision_features",))
    output_dim = Widget(512, "Features.", minimum=1, maximum=100_000)
    device = Widget("cuda", "Where it runs; without CUDA: cpu.", choices=("cuda", "cpu"))
    weights = Widget("", _WEIGHTS)

    def setup(self) -> None:
        """Build the network."""
        from dnne_ros.perception.networks import VisionNetwork

        super().setup()
        self._network = self._build(lambda: VisionNetwork(self.output_dim))

    async def compute(self, image: Any) -> dict[str, Any]:
        """Look at the newest picture."""
        return {"features": self._network(image.to(self._device))}


class SoundNetworkNode(_NetworkNode):
    """Turn sound into features with a small convolutional network."""

    audio = Input(Tensor(), "(1, samples) or (samples), from -1 to 1.", policy=EdgePolicy.LATEST,
                  aliases=("audio_data",))
    features = Output(_FEATURES, "(1, output_dim).", aliases=("sound_features",))
    output_dim = Widget(256, "Features.", minimum=1, maximum=100_000)
    device = Widget("cuda", "Where it runs; without CUDA: cpu.", choices=("cuda", "cpu"))
    weights = Widget("", _WEIGHTS)

    def setup(self) -> None:
        """Build the network."""
        from dnne_ros.perception.networks import SoundNetwork

        super().setup()
        self._network = self._build(lambda: SoundNetwork(self.output_dim))

    async def compute(self, audio: Any) -> dict[str, Any]:
        """Listen to the newest sound."""
        return {"features": self._network(audio.to(self._device))}


class DecisionNetworkNode(_NetworkNode):
    """Choose an action from what is seen and heard; the newest of both count.

    Actions are from -1 to 1 times ``action_scale``.
    """

    vision_features = Input(_FEATURES, "(1, n).", policy=EdgePolicy.LATEST)
    sound_features = Input(_FEATURES, "(1, m).", policy=EdgePolicy.LATEST)
    action = Output(Action(), "(1, action_dim).")
    confidence = Output(Float(), "From 0 to 1.")
    action_dim = Widget(7, "Length of an action: the joints.", minimum=1, maximum=10_000)
    hidden_size = Widget(256, "Units of the hidden layer.", minimum=1, maximum=100_000)
    device = Widget("cuda", "Where it runs; without CUDA: cpu.", choices=("cuda", "cpu"))
    weights = Widget("", _WEIGHTS)
    action_scale = Widget(1.0, "What an action of 1 means, in the joints' units.", minimum=0.0,
                          maximum=1e6, live=True)

    def setup(self) -> None:
        """Leave the network until the sizes of the features are known."""
        super().setup()
        self._network: torch.nn.Module | None = None

    async def compute(self, vision_features: Any, sound_features: Any) -> dict[str, Any]:
        """Decide."""
        if self._network is None:
            self._network = self._built_for(vision_features.shape[-1], sound_features.shape[-1])
        action, confidence = self._network(vision_features.to(self._device),
                                           sound_features.to(self._device))
        return {"action": action.cpu() * self.action_scale,
                "confidence": float(confidence.mean())}

    def _built_for(self, vision: int, sound: int) -> torch.nn.Module:
        from dnne_ros.perception.networks import DecisionNetwork

        return self._build(lambda: DecisionNetwork(vision, sound, self.hidden_size,
                                                   self.action_dim))
