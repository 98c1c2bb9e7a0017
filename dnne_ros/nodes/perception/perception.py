"""From pictures and sound to features, and from features to an action."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Float, Image, Tensor
from dnne_ros.node_api.ports import Input, Output, Ports
from dnne_ros.node_api.widget import Widget
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    import torch

    from dnne_ros.perception.backbones import Trained

_Network = TypeVar("_Network", bound="torch.nn.Module")
_INPUTS, _MOST_INPUTS = 8, 1000
"""Of a DecisionNetwork: those in its type, and those that one can have."""
_INPUT = re.compile(r"input_(0|[1-9]\d{0,5})")
_FEATURES = Tensor("float32", ("env", "feature"))
_WEIGHTS = ("A file of safetensors or torch.save (.pt, .pth); empty: random weights drawn from "
            "the run's seed.")
_DEVICE = Widget("cuda", "Where it runs; without CUDA: cpu.", choices=("cuda", "cpu"))
_NONE_TRAINED = "there are no trained weights of the {} network: name a file of them in 'weights'"


class _NetworkNode(Node):
    """What the three have in common: a network for inference alone, on a device.

    Each has widgets ``device`` and ``weights``.
    """

    category = "perception"

    def _build(self, make: Callable[[], _Network], trained: Trained | None = None) -> _Network:
        from dnne_ros.node_api.seeding import node_seed
        from dnne_ros.perception.networks import frozen

        seed = node_seed(self.context.seed, self.context.node_id)
        try:
            return frozen(make, seed, self.values["weights"], self._device, trained)
        except ValueError as error:
            widget = "weights" if trained is None else "pretrained"
            raise InputError(f"widget {widget!r}", [str(error)]) from None

    def setup(self) -> None:
        """Pick the device."""
        from dnne_ros.node_api.devices import pick_device

        self._device = pick_device(self.values["device"], self.context.log)


class VisionNetworkNode(_NetworkNode):
    """Turn a picture into features with a convolutional network.

    ``small`` has 100,000 weights and sees 64×64 pixels; ResNet-18 has 11 million, MobileNetV2 2
    million, and both see 224×224.
    """

    image = Input(Image(), "(height, width, channels) or (height, width).",
                  accepts_also=(Tensor(),), policy=EdgePolicy.LATEST, aliases=("camera_data",))
    features = Output(_FEATURES, "(1, output_dim).", aliases=("vision_features",))
    output_dim = Widget(512, "Features.", minimum=1, maximum=100_000)
    device = _DEVICE
    weights = Widget("", _WEIGHTS)
    model = Widget("small", "The network.", choices=("small", "resnet18", "mobilenet"))
    pretrained = Widget(False, "Fetch weights that were trained on ImageNet, once; for resnet18 "
                        "and mobilenet.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that there are trained weights where they are asked for."""
        if values["pretrained"] and values["model"] == "small":
            return ["widget 'pretrained': expected false with model=small, found true: "
                    + _NONE_TRAINED.format("small")]
        return []

    def setup(self) -> None:
        """Build the network."""
        from dnne_ros.perception.backbones import BACKBONES, TRAINED
        from dnne_ros.perception.networks import BackboneNetwork, VisionNetwork

        super().setup()
        self._network: torch.nn.Module
        if self.model == "small":
            self._network = self._build(lambda: VisionNetwork(self.output_dim))
        else:
            self._network = self._build(
                lambda: BackboneNetwork(BACKBONES[self.model](), self.output_dim),
                TRAINED[self.model] if self.pretrained else None)

    async def compute(self, image: Any) -> dict[str, Any]:
        """Look at the newest picture."""
        return {"features": self._network(image.to(self._device))}


class SoundNetworkNode(_NetworkNode):
    """Turn sound into features with a small convolutional network."""

    audio = Input(Tensor(), "(1, samples) or (samples), from -1 to 1.", policy=EdgePolicy.LATEST,
                  aliases=("audio_data",))
    features = Output(_FEATURES, "(1, output_dim).", aliases=("sound_features",))
    output_dim = Widget(256, "Features.", minimum=1, maximum=100_000)
    device = _DEVICE
    weights = Widget("", _WEIGHTS)
    model = Widget("small", "There is one; files of other run times name a stand-in wav2vec, for "
                   "which it serves.", choices=("small", "wav2vec"))
    pretrained = Widget(False, "Kept from other run times' files: there are no trained weights.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Refuse trained weights, of which there are none."""
        if values["pretrained"]:
            return ["widget 'pretrained': expected false, found true: "
                    + _NONE_TRAINED.format("sound")]
        return []

    def setup(self) -> None:
        """Build the network."""
        from dnne_ros.perception.networks import SoundNetwork

        super().setup()
        self._network = self._build(lambda: SoundNetwork(self.output_dim))

    async def compute(self, audio: Any) -> dict[str, Any]:
        """Listen to the newest sound."""
        return {"features": self._network(audio.to(self._device))}


class DecisionNetworkNode(_NetworkNode):
    """Choose an action from what is seen, heard or otherwise known; the newest of all count.

    It has as many inputs as a file links, ``input_0``, ``input_1`` and so on; the first two are
    ``vision_features`` and ``sound_features``.  At least one of them must be linked.  Actions are
    from -1 to 1 times ``action_scale``.
    """

    needs_an_input = True

    vision_features = Input(_FEATURES, "(1, n).", policy=EdgePolicy.LATEST, optional=True,
                            aliases=("input_0",))
    sound_features = Input(_FEATURES, "(1, m).", policy=EdgePolicy.LATEST, optional=True,
                           aliases=("input_1",))
    input_2, input_3, input_4, input_5, input_6, input_7 = (
        Input(_FEATURES, "(1, k): further features.", policy=EdgePolicy.LATEST, optional=True)
        for _ in range(6))
    action = Output(Action(), "(1, action_dim).")
    confidence = Output(Float(), "From 0 to 1.")
    action_dim = Widget(6, "Length of an action: the joints.", minimum=1, maximum=10_000)
    hidden_size = Widget(256, "Units of the hidden layer.", minimum=1, maximum=100_000)
    device = _DEVICE
    weights = Widget("", _WEIGHTS)
    action_scale = Widget(1.0, "What an action of 1 means, in the joints' units.", minimum=0.0,
                          maximum=1e6, live=True)
    num_inputs = Widget(_INPUTS, "Inputs that it has; unless set, as many as are linked.",
                        minimum=_INPUTS, maximum=_MOST_INPUTS, decides_ports=True)

    @classmethod
    def ports_for(cls, values: Mapping[str, Any]) -> Ports:
        """Return the inputs beyond those that every such node has."""
        return Ports(tuple(
            Input(_FEATURES, "(1, k): further features.", policy=EdgePolicy.LATEST, optional=True,
                  name=f"input_{number}") for number in range(_INPUTS, values["num_inputs"])))

    @classmethod
    def values_for_links(cls, inputs: Sequence[str]) -> Mapping[str, Any]:
        """Have an input for each that is linked."""
        numbers = [int(match[1]) for name in inputs if (match := _INPUT.fullmatch(name))]
        return {"num_inputs": min(max([_INPUTS - 1, *numbers]) + 1, _MOST_INPUTS)}

    def setup(self) -> None:
        """Leave the network until the sizes of the features are known."""
        super().setup()
        self._network: torch.nn.Module | None = None

    async def compute(self, *_: Any, **features: Any) -> dict[str, Any]:
        """Decide."""
        given = [features[name].to(self._device) for name in self.inputs
                 if features[name] is not None]
        if self._network is None:
            self._network = self._built_for([each.shape[-1] for each in given])
        action, confidence = self._network(*given)
        return {"action": action.cpu() * self.action_scale,
                "confidence": float(confidence.mean())}

    def _built_for(self, sizes: list[int]) -> torch.nn.Module:
        from dnne_ros.perception.networks import DecisionNetwork

        return self._build(lambda: DecisionNetwork(sizes, self.hidden_size, self.action_dim))
