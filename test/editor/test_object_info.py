"""Node types as the front end takes them."""

from dnne_ros.editor.object_info import object_info
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue


def test_every_name_of_every_type_is_defined(catalogue):
    info = object_info(catalogue)
    assert set(info) >= {each.type_name for each in catalogue}
    for name in ("PPOTrainer", "Display", "Debug", "OR", "CameraSensor", "PreviewAny"):
        assert info[name]["deprecated"], name
    assert not info["PPOTrainerNode"]["deprecated"]
    assert info["IsaacGymEnvNode"]["deprecated"]  # superseded: search leaves it out


def test_the_single_values_that_workflows_link_to_widgets_are_defined(catalogue):
    info = object_info(catalogue)
    assert info["PrimitiveInt"]["output"] == ["INT"]
    assert info["PrimitiveString"]["input"]["required"]["value"][0] == "STRING"


def test_a_port_takes_the_types_that_the_graph_takes(catalogue):
    """The front end links equal names only, so an input names all that it takes."""
    info = object_info(catalogue)
    for node_type in catalogue:
        inputs = {**info[node_type.type_name]["input"]["required"],
                  **info[node_type.type_name]["input"]["optional"]}
        for port in node_type.inputs.values():
            named = inputs[port.name][0].split(",")
            for other in catalogue.port_types:
                if not isinstance(other, AnyValue):
                    assert named == ["*"] or (other.name in named) == port.accepts(other)


def test_ports_of_numbers_are_no_widgets(catalogue):
    spec = object_info(catalogue)["DisplayNode"]["input"]
    for node_type in catalogue:
        for port in node_type.inputs:
            groups = object_info_of(catalogue, node_type)["input"]
            assert ({**groups["required"], **groups["optional"]})[port][1]["forceInput"]
    assert spec["required"] or spec["optional"]


def object_info_of(catalogue, node_type):
    from dnne_ros.editor.object_info import define

    return define(node_type, node_type.type_name, catalogue)


def test_seeds_stay_as_they_are(catalogue):
    """Without a word, the front end draws a new seed after each run."""
    found = [spec[1] for definition in object_info(catalogue).values()
             for spec in definition["input"]["required"].values()
             if spec[0] == "INT" and not spec[1].get("forceInput")]
    assert found and all(options["control_after_generate"] is False for options in found)


def test_what_a_person_is_told_of_a_widget(catalogue):
    gamma = object_info(catalogue)["PPOTrainerNode"]["input"]["required"]["gamma"][1]
    assert "from 0" in gamma["tooltip"]
    assert "in a run" in gamma["tooltip"]


def test_a_type_without_documentation_is_defined(catalogue):
    class Bare(Node):
        pass

    assert object_info_of(catalogue, Bare)["output"] == []
