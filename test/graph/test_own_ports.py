"""Nodes whose ports follow from their values, in files, in graphs and in exported packages."""

from pathlib import Path

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.declared import LinkSpec, NodeSpec, declare_graph
from dnne_ros.graph.drawing import draw
from dnne_ros.graph.edge_settings import Setting
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import port_changes, type_with_ports
from dnne_ros.node_api.port_types import Float, Int, Tensor
from dnne_ros.node_api.ports import Input, Output, Ports
from dnne_ros.node_api.widget import Widget
from dnne_ros.workflow.reading import parse_workflow


class MixerNode(Node):
    """Mix what a file lists: a line for each channel."""

    gain = Output(Float())
    channels = Widget("", "A file of channels.", required=True, file=True, decides_ports=True)
    level = Widget(1.0)

    @classmethod
    def ports_for(cls, values):
        """Return an input and an output a line."""
        try:
            names = Path(values["channels"]).read_text(encoding="utf-8").split()
        except OSError as error:
            raise InputError("widget 'channels'", [
                f"{values['channels']}: {error.strerror}", "no channels"]) from None
        return Ports(
            tuple(Input(Tensor("float32"), name=name, aliases=(f"old_{name}",)) for name in names),
            tuple(Output(Tensor("float32"), name=f"{name}_out") for name in names))


class VoiceNode(Node):
    """Give a tensor."""

    sound = Output(Tensor("float32"))


class EarNode(Node):
    """Take a tensor."""

    sound = Input(Tensor("float32"))


CATALOGUE = Catalogue((MixerNode, VoiceNode, EarNode))
API = {"1": {"class_type": "Voice", "inputs": {}},
       "2": {"class_type": "Mixer", "inputs": {"channels": "channels.txt", "left": ["1", 0],
                                               "old_right": ["1", 0]}},
       "3": {"class_type": "Ear", "inputs": {"sound": ["2", 2]}}}
UI = {"nodes": [
    {"id": 1, "type": "Voice", "outputs": [{"name": "sound", "type": "TENSOR", "links": [1, 2]}]},
    {"id": 2, "type": "Mixer", "widgets_values": ["channels.txt", 0.5],
     "inputs": [{"name": "right", "type": "TENSOR", "link": 1},
                {"name": "left", "type": "TENSOR", "link": 2}],
     "outputs": [{"name": "gain", "type": "FLOAT", "links": []},
                 {"name": "right_out", "type": "TENSOR", "links": [3]}]},
    {"id": 3, "type": "Ear", "inputs": [{"name": "sound", "type": "TENSOR", "link": 3}]}],
    "links": [[1, 1, 0, 2, 0, "TENSOR"], [2, 1, 0, 2, 1, "TENSOR"], [3, 2, 1, 3, 0, "TENSOR"]]}
EDGES = ["1.sound > 2.left", "1.sound > 2.right", "2.right_out > 3.sound"]


@pytest.fixture
def folder(tmp_path):
    """Return a folder with files of channels."""
    (tmp_path / "channels.txt").write_text("left right")
    (tmp_path / "more.txt").write_text("left middle right")
    return tmp_path


def build(document, folder, *settings):
    """Return the graph of a document that lies in ``folder``."""
    workflow, problems = parse_workflow(document, "mix", str(folder / "mix.json"),
                                        CATALOGUE.signature)
    return build_graph(workflow, CATALOGUE, problems, map(Setting.parse, settings))


def problems_of(document, folder, *settings):
    """Return what is wrong with a document."""
    with pytest.raises(InputError) as caught:
        build(document, folder, *settings)
    return [str(problem) for problem in caught.value.problems]


def edges_of(graph):
    return sorted(f"{edge.source} > {edge.target}" for edge in graph.edges)


@pytest.mark.parametrize("document", [API, UI], ids=["api", "ui"])
def test_links_lead_to_the_ports_that_the_values_give(folder, document):
    graph = build(document, folder)
    mixer = graph.nodes["2"].type
    assert edges_of(graph) == EDGES
    assert list(mixer.inputs) == ["left", "right"]
    assert list(mixer.outputs) == ["gain", "left_out", "right_out"]
    assert (mixer.type_name, mixer.source_type) == ("MixerNode", MixerNode)
    assert issubclass(mixer, MixerNode) and not MixerNode.inputs
    assert mixer({}).inputs == mixer.inputs
    assert graph.nodes["1"].type is VoiceNode


def test_they_are_drawn(folder):
    svg = draw(build(API, folder), dict.fromkeys("123", "main"))
    assert "left_out" in svg and "right_out" in svg


def test_a_value_on_the_command_line_decides(folder):
    """Slots count in the ports that there are; the names are those of the other file."""
    document = {**API, "2": {**API["2"], "inputs": {**API["2"]["inputs"], "middle": ["1", 0]}}}
    graph = build(document, folder, f"2.channels={folder / 'more.txt'}")
    assert edges_of(graph) == ["1.sound > 2.left", "1.sound > 2.middle", "1.sound > 2.right",
                               "2.middle_out > 3.sound"]


def test_a_value_that_a_link_brings_decides(folder):
    constant = {"class_type": "PrimitiveString", "inputs": {"value": "channels.txt"}}
    document = {**API, "2": {**API["2"], "inputs": {**API["2"]["inputs"], "channels": ["4", 0]}},
                "4": constant}
    assert edges_of(build(document, folder)) == EDGES


@pytest.mark.parametrize("name", ["channels.txt", "{folder}/channels.txt"])
def test_files_are_found_beside_the_workflow(folder, name):
    document = {**API, "2": {**API["2"], "inputs": {**API["2"]["inputs"],
                                                    "channels": name.format(folder=folder)}}}
    assert build(document, folder).nodes["2"].values["channels"] == str(folder / "channels.txt")


def test_the_present_folder_comes_first(folder, tmp_path_factory, monkeypatch):
    here = tmp_path_factory.mktemp("here")
    (here / "channels.txt").write_text("left right middle")
    monkeypatch.chdir(here)
    assert "nothing is linked to it" in problems_of(API, folder)[0]


def test_ports_that_are_not_there_are_named(folder):
    document = {**API, "2": {"class_type": "Mixer", "inputs": {
        "channels": "channels.txt", "left": ["1", 0], "right": ["1", 0], "middle": ["1", 0]}},
        "3": {"class_type": "Ear", "inputs": {"sound": ["2", 9]}}}
    assert problems_of(document, folder) == [
        "node 2 (Mixer): it has no input 'middle'; its inputs are: left, right",
        "node 2 (Mixer): it has no slot 9 among its outputs, which is linked to 3.sound; its "
        "outputs are: gain, left_out, right_out"]


def test_an_input_that_gets_nothing_or_two_things_is_named(folder):
    document = {**API, "2": {"class_type": "Mixer", "inputs": {
        "channels": "channels.txt", "left": ["1", 0], "old_left": ["2", 1]}}}
    one, other = problems_of(document, folder)
    assert one == ("node 2 (Mixer), input 'left': expected one link, found two: from 1.sound and "
                   "from 2.left_out")
    assert other.startswith("node 2 (Mixer), input 'right': nothing is linked to it")


@pytest.mark.parametrize("document", [API, UI], ids=["api", "ui"])
def test_a_file_that_is_not_there_is_all_that_is_said(folder, document):
    (folder / "channels.txt").unlink()
    assert problems_of(document, folder) == [
        "node 2 (Mixer): widget 'channels': channels.txt: No such file or directory",
        "node 2 (Mixer): widget 'channels': no channels"]


def test_all_nodes_are_named_at_once(folder):
    document = {**API, "2": {"class_type": "Mixer", "inputs": {"channels": "nowhere.txt"}},
                "4": {"class_type": "Mixer", "inputs": {}},
                "5": {"class_type": "Ear", "inputs": {"sound": ["4", 1]}}}
    said = problems_of(document, folder)
    assert [line.partition(":")[0] for line in said] == ["node 2 (Mixer)"] * 2 + ["node 4 (Mixer)"]
    assert "nothing is given" in said[-1]


@pytest.mark.parametrize("channels, said", [
    ("left left", "input 'left': another port or a widget has that name"),
    ("level", "input 'level': another port or a widget has that name"),
    ("_hidden", "expected a name of letters"), ("ä", "expected a name of letters")])
def test_ports_that_no_node_can_have_are_refused(folder, channels, said):
    (folder / "channels.txt").write_text(channels)
    assert any(said in line for line in problems_of(API, folder))


def test_parameters_may_not_change_the_ports(folder):
    mixer = build(API, folder).nodes["2"].type
    (folder / "same.txt").write_text("left right")
    assert port_changes(mixer, {"channels": str(folder / "same.txt")}) == []
    changed, _ = port_changes(mixer, {"channels": str(folder / "more.txt")})
    assert changed.startswith("channels: expected a value with which its inputs are left (TENSOR")
    assert "left (TENSOR float32), middle (TENSOR float32)" in changed
    missing, _ = port_changes(mixer, {"channels": "nowhere.txt"})
    assert missing == "widget 'channels': nowhere.txt: No such file or directory"
    assert port_changes(VoiceNode, {}) == []


def declared(folder, *links, channels="channels.txt"):
    """Return the graph of an exported package with a mixer."""
    own = type("Mixer2", (MixerNode,), {"VALUES": {"channels": str(folder / channels)},
                                        "type_name": "MixerNode"})
    return declare_graph("mix", "mix", {
        "voice_1": NodeSpec("1", VoiceNode), "mixer_2": NodeSpec("2", own),
        "ear_3": NodeSpec("3", EarNode)}, [LinkSpec(*link, "lossless") for link in links])


def test_an_exported_package_has_the_same_ports(folder):
    links = [("voice_1/sound", "mixer_2/left"), ("voice_1/sound", "mixer_2/right"),
             ("mixer_2/right_out", "ear_3/sound")]
    graph = declared(folder, *links)
    assert edges_of(graph) == EDGES
    assert list(graph.nodes["2"].type.outputs) == ["gain", "left_out", "right_out"]
    with pytest.raises(InputError, match="no input 'mixer_2/middle'"):
        declared(folder, *links, ("voice_1/sound", "mixer_2/middle"))
    with pytest.raises(InputError, match="mixer_2: widget 'channels': .*nowhere"):
        declared(folder, *links, channels="nowhere.txt")


def test_a_type_whose_ports_no_widget_decides_is_refused():
    class SilentNode(Node):
        """Say nothing."""

        @classmethod
        def ports_for(cls, values):
            return Ports()

    with pytest.raises(ValueError, match="ports_for: expected a widget with decides_ports=True"):
        Catalogue((SilentNode,))


def test_what_is_no_port_is_refused():
    class CountNode(Node):
        """Count."""

        size = Widget(1, decides_ports=True)

        @classmethod
        def ports_for(cls, values):
            return Ports(outputs=(Output(Int, name="number"), Output(Int(), name="other")))

    with pytest.raises(InputError, match="output 'number': type: expected an instance"):
        type_with_ports(CountNode, {"size": 1})


def test_foreign_code_that_fails_is_said_to(folder):
    class BrokenNode(Node):
        """Fail."""

        size = Widget(1, decides_ports=True)

        @classmethod
        def ports_for(cls, values):
            raise ZeroDivisionError("no ports")

    catalogue = Catalogue((BrokenNode, EarNode))
    workflow, _ = parse_workflow(
        {"1": {"class_type": "Broken", "inputs": {}},
         "2": {"class_type": "Ear", "inputs": {"sound": ["1", 0]}}},
        "mix", "mix.json", catalogue.signature)
    with pytest.raises(InputError) as caught:
        build_graph(workflow, catalogue, Problems("mix.json"))
    problem, = caught.value.problems
    assert "its type's own code failed: ZeroDivisionError: no ports" in str(problem)
