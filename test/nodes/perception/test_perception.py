import asyncio

import pytest
import torch
from safetensors.torch import save_file

from dnne_ros.errors import InputError
from dnne_ros.nodes.perception.perception import (
    DecisionNetworkNode,
    SoundNetworkNode,
    VisionNetworkNode,
)
from dnne_ros.perception.networks import SoundNetwork, VisionNetwork

PICTURE = torch.randint(0, 256, (48, 64, 3), dtype=torch.uint8)


@pytest.fixture
def feed(drive):
    """Give a network one item of each input, and return what it sends."""
    def call(node_type, seed=0, values=(), **inputs):
        async def script(context):
            for name, value in inputs.items():
                context.feed(name, value)
            await context.sends(1)
            await asyncio.sleep(0)

        node = node_type({"device": "cpu", **dict(values)})
        return drive(node, script, linked=list(inputs), seed=seed)
    return call


def test_features_follow_from_the_seed(feed):
    features, = feed(VisionNetworkNode, image=PICTURE).outputs("features")
    assert features.shape == (1, 512) and not features.requires_grad
    state = torch.random.get_rng_state()
    again, = feed(VisionNetworkNode, image=PICTURE).outputs("features")
    other, = feed(VisionNetworkNode, seed=1, image=PICTURE).outputs("features")
    assert torch.equal(features, again) and not torch.allclose(features, other)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("picture", [
    PICTURE, PICTURE[..., 0], PICTURE[..., :1], PICTURE.float() / 255,
    torch.cat((PICTURE, PICTURE[..., :1]), 2), PICTURE.repeat(2, 2, 1)])
def test_pictures_of_every_kind(picture):
    assert VisionNetwork(5)(picture).shape == (1, 5)


def test_the_same_picture_as_bytes_or_as_numbers():
    network = VisionNetwork(8)
    assert torch.allclose(network(PICTURE), network(PICTURE.float() / 255), atol=1e-2)


@pytest.mark.parametrize("audio", [torch.randn(1, 1024), torch.randn(2000), torch.zeros(3, 10)])
def test_sounds_of_every_length(audio):
    assert SoundNetwork(5)(audio).shape == (audio.shape[0] if audio.dim() == 2 else 1, 5)


def test_a_decision(feed):
    context = feed(DecisionNetworkNode, values={"action_dim": 3, "action_scale": 2.0},
                   vision_features=torch.randn(1, 5), sound_features=torch.randn(1, 4))
    action, = context.outputs("action")
    assert action.shape == (1, 3) and action.dtype == torch.float32
    assert action.abs().max() <= 2.0
    confidence, = context.outputs("confidence") or [0.5]
    assert 0.0 <= confidence <= 1.0


def test_weights_of_a_file(feed, tmp_path):
    network = SoundNetwork(6)
    save_file(network.state_dict(), tmp_path / "sound.safetensors")
    sound = torch.randn(1, 500)
    features, = feed(SoundNetworkNode, audio=sound, values={
        "output_dim": 6, "weights": str(tmp_path / "sound.safetensors")}).outputs("features")
    assert torch.allclose(features, network(sound), atol=1e-6)


def test_weights_that_do_not_fit(feed, tmp_path):
    save_file(SoundNetwork(6).state_dict(), tmp_path / "sound.safetensors")
    (tmp_path / "text").write_text("no weights")
    for file, expected in (("sound.safetensors", r"expected head.bias \(7,\), found \(6,\)"),
                           ("text", "expected a safetensors file, found"),
                           ("none", "expected a safetensors file, found")):
        with pytest.raises(InputError, match=expected):
            feed(SoundNetworkNode, audio=torch.zeros(1, 9), values={
                "output_dim": 7, "weights": str(tmp_path / file)})


@pytest.mark.parametrize("node_type, inputs, expected", [
    (VisionNetworkNode, {"image": torch.zeros(2, 2, 2)}, "expected a picture"),
    (SoundNetworkNode, {"audio": torch.zeros(1, 1, 1)}, "expected audio"),
])
def test_inputs_of_another_shape(feed, node_type, inputs, expected):
    with pytest.raises(ValueError, match=expected):
        feed(node_type, **inputs)
