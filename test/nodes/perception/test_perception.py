import asyncio

import pytest
import torch
from safetensors.torch import save_file

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.nodes.perception.perception import (
    DecisionNetworkNode,
    SoundNetworkNode,
    VisionNetworkNode,
)
from dnne_ros.perception.backbones import BACKBONES, ResNet18
from dnne_ros.perception.networks import (
    BackboneNetwork,
    DecisionNetwork,
    SoundNetwork,
    VisionNetwork,
)
from dnne_ros.workflow.reading import parse_workflow

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


@pytest.mark.parametrize("backbone, weights", [("resnet18", 11_176_512),
                                               ("mobilenet", 2_223_872)])
def test_backbones_are_those_of_the_papers(backbone, weights):
    """torchvision counts 11,689,512 and 3,504,872 with last layers of 513,000 and 1,281,000."""
    network = BACKBONES[backbone]().eval()
    assert sum(weight.numel() for weight in network.parameters()) == weights
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, network.width)


def test_a_residual_block_by_hand():
    """With weights of 0 and a bias of 1 behind the second norm, a block gives relu(1 + input)."""
    block = ResNet18().eval().layer1[0]
    for convolution in (block.conv1, block.conv2):
        torch.nn.init.zeros_(convolution.weight)
    torch.nn.init.ones_(block.bn2.bias)
    input = torch.linspace(-3, 3, 64).reshape(1, 64, 1, 1)
    assert torch.equal(block(input), (1 + input).relu())


def test_weights_of_torchvisions_file(feed, tmp_path):
    """Its names are ours; its last layer, which chooses among a thousand classes, is left out."""
    torch.manual_seed(3)
    network = ResNet18().eval()
    state = {**network.state_dict(), "fc.weight": torch.zeros(1000, 512),
             "fc.bias": torch.zeros(1000)}
    torch.save(state, tmp_path / "resnet18.pth")
    values = {"model": "resnet18", "weights": str(tmp_path / "resnet18.pth")}
    features, = feed(VisionNetworkNode, image=PICTURE, values=values).outputs("features")
    assert torch.equal(features, BackboneNetwork(network, 512).eval()(PICTURE))
    narrow, = feed(VisionNetworkNode, image=PICTURE,
                   values={**values, "output_dim": 5}).outputs("features")
    assert narrow.shape == (1, 5)
    with pytest.raises(InputError, match=r"bn1.bias nothing, found \(64,\)"):
        feed(VisionNetworkNode, image=PICTURE, values={**values, "model": "mobilenet"})


def test_trained_weights_are_fetched_where_there_are_any(feed, monkeypatch):
    asked = []

    def fetch(url, **options):
        asked.append(url)
        assert options["weights_only"] and options["check_hash"]
        raise OSError("no network here")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fetch)
    with pytest.raises(InputError, match="'pretrained'.*no network here; without a network"):
        feed(VisionNetworkNode, image=PICTURE, values={"model": "resnet18", "pretrained": True})
    assert asked == ["https://download.pytorch.org/models/resnet18-f37072fd.pth"]
    for node_type in (VisionNetworkNode, SoundNetworkNode):
        defaults = {name: widget.default for name, widget in node_type.widgets.items()}
        problem, = node_type.validate_parameters({**defaults, "pretrained": True})
        assert "there are no trained weights" in problem
        assert not node_type.validate_parameters(defaults)


def test_a_decision_by_hand():
    """Two kinds of features (1 and 2) and one hidden unit, 0.5·(1 + 2 + 3): 3 → tanh, sigmoid."""
    network = DecisionNetwork([1, 2], 1, 2)
    for layer, weight in ((network.hidden, 0.5), (network.action, 0.1), (network.confidence, 1.0)):
        torch.nn.init.constant_(layer.weight, weight)
        torch.nn.init.zeros_(layer.bias)
    action, confidence = network(torch.tensor([[1.0]]), torch.tensor([[2.0, 3.0]]))
    assert action.tolist() == [pytest.approx([0.2913126, 0.2913126])]  # tanh 0.3
    assert confidence.item() == pytest.approx(0.9525741)  # 1 / (1 + e^-3)
    with pytest.raises(ValueError, match=r"expected features \(n, 1\) and \(n, 2\), found"):
        network(torch.ones(1, 1), torch.ones(1, 3))


def test_a_decision_on_any_number_of_inputs(feed):
    features = torch.ones(1, 3)
    alone, = feed(DecisionNetworkNode, sound_features=features).outputs("action")
    assert alone.shape == (1, 6)
    action, = feed(DecisionNetworkNode, input_2=features, vision_features=features,
                   input_7=torch.ones(1, 2)).outputs("action")
    assert action.shape == (1, 6)


@pytest.mark.parametrize("values, count", [({}, 13), ({"num_inputs": 20}, 20)])
def test_a_decision_has_the_inputs_that_a_file_links(feed, values, count):
    """Those of one that links input_12 are thirteen, unless it says that there are more."""
    document = {number: {"class_type": "SoundNetwork", "inputs": {"audio": ["4", 0]}}
                for number in ("1", "2")}
    document["4"] = {"class_type": "Tensor", "inputs": {}}
    document["3"] = {"class_type": "DecisionNetwork", "inputs": {
        "vision_features": ["1", 0], "input_12": ["2", 0], **values}}
    catalogue = Catalogue(BUILT_IN)
    workflow, problems = parse_workflow(document, "graph", "graph.json", catalogue.signature)
    graph = build_graph(workflow, catalogue, problems)
    assert {"3.vision_features", "3.input_12"} <= {str(edge.target) for edge in graph.edges}
    node_type = graph.nodes["3"].type
    assert len(node_type.inputs) == count
    action, = feed(node_type, values=graph.nodes["3"].values | {"device": "cpu"},
                   vision_features=torch.ones(1, 3), input_12=torch.ones(1, 2)).outputs("action")
    assert action.shape == (1, 6)


@pytest.mark.parametrize("node_type, inputs, expected", [
    (VisionNetworkNode, {"image": torch.zeros(2, 2, 2)}, "expected a picture"),
    (SoundNetworkNode, {"audio": torch.zeros(1, 1, 1)}, "expected audio"),
])
def test_inputs_of_another_shape(feed, node_type, inputs, expected):
    with pytest.raises(ValueError, match=expected):
        feed(node_type, **inputs)
