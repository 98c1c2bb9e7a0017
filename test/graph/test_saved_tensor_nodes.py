"""Nodes of tensors as the editor of the upstream project saves them: widgets among the inputs."""

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import parse_workflow


def saved(id_, type_, inputs, outputs, widgets, values):
    """Return a node's entry; ports are written ``name:TYPE``, inputs with ``=link``."""
    slots = []
    for text in inputs.split():
        name, _, rest = text.partition(":")
        type_name, _, link = rest.partition("=")
        slots.append({"name": name, "type": type_name, "link": int(link) if link else None})
    slots += [{"name": name, "type": "COMBO", "widget": {"name": name}, "link": None}
              for name in widgets.split()]
    return {"id": id_, "type": type_, "inputs": slots, "widgets_values": values,
            "outputs": [dict(zip(("name", "type"), text.split(":"))) for text in outputs.split()]}


NODES = [
    saved(1, "Tensor", "", "tensor:TENSOR", "tensor_dims fill_mode custom_fill dtype seed",
          ["5,10", "normal", 0, "float32", 42]),
    saved(2, "Tensor", "", "tensor:TENSOR", "tensor_dims fill_mode custom_fill dtype seed",
          ["1", "ones", -3.8000000000000003, "float32", -1]),
    saved(3, "Barrier", "input:*TENSOR=1 release:*TRIGGER=2", "output:HELD_TENSOR", "hold_mode",
          ["FIFO"]),
    saved(4, "DataStreamer", "sync:*TRIGGER reset:*TRIGGER",
          "data:DATASTREAMER_DATA_TENSOR done:DATASTREAMER_DONE_TRIGGER "
          "metadata:DATASTREAMER_METADATA_PYDICT",
          "src_path dest_dir sync_mode frequency_hz auto_first_row loop_data eof_mode delimiter "
          "skip_header", ["x.csv", "data", "timed", 50, True, True, "stop", ";", False]),
    saved(5, "Split", "input:*TENSOR=3",
          " ".join(f"output_{letter}:*TENSOR" for letter in "abcd"),
          "dimension split_mode split_pos", [1, "by index", "10,20,30"]),
    saved(6, "Concat", "input_a:*TENSOR=4 input_b:*TENSOR input_c:*TENSOR=5 input_d:*TENSOR",
          "output:TENSOR", "mode pad_mode", ["wait for all", "pad with zeros"]),
    saved(7, "Eat_N", "input:*TENSOR=6", "output:TENSOR trigger:EAT_N_TRIGGER",
          "num_to_eat trigger_mode", [3, "last_only"]),
    saved(8, "GeometricLoss", "predictions:*TENSOR=7 estimates:*TENSOR=8",
          "output:GEOMETRIC_LOSS_SCALAR", "error_metric", ["KL Div"]),
]
LINKS = [[1, 1, 0, 3, 0, "TENSOR"], [2, 2, 0, 3, 1, "TRIGGER"], [3, 4, 0, 5, 0, "TENSOR"],
         [4, 5, 0, 6, 0, "*TENSOR"], [5, 5, 1, 6, 2, "*TENSOR"], [6, 6, 0, 7, 0, "TENSOR"],
         [7, 3, 0, 8, 0, "HELD_TENSOR"], [8, 7, 0, 8, 1, "TENSOR"]]


def test_values_and_links_are_those_of_the_file():
    catalogue = Catalogue()
    workflow, problems = parse_workflow({"nodes": NODES, "links": LINKS}, "saved", "saved.json",
                                        catalogue.signature)
    graph = build_graph(workflow, catalogue, problems)
    assert {f"{edge.source} > {edge.target}" for edge in graph.edges} == {
        "1.tensor > 3.input", "2.tensor > 3.release", "4.data > 5.input",
        "5.output_a > 6.input_a", "5.output_b > 6.input_c", "6.output > 7.input",
        "3.output > 8.predictions", "7.output > 8.estimates"}
    assert graph.nodes["1"].values["seed"] == 42
    assert graph.nodes["4"].values == {
        "src_path": "x.csv", "sync_mode": "timed", "frequency_hz": 50.0, "auto_first_row": True,
        "loop_data": True, "eof_mode": "stop", "delimiter": ";", "skip_header": False}
    assert graph.nodes["5"].values["split_pos"] == "10,20,30"
    assert graph.nodes["7"].values == {"num_to_eat": 3, "trigger_mode": "last_only"}
    assert graph.nodes["8"].values == {"error_metric": "KL Div"}


def test_slot_0_stays_where_an_input_takes_what_is_there():
    """A Barrier is released by anything: by a streamer's rows, not only its pulse at the end."""
    catalogue = Catalogue()
    parsed, problems = parse_workflow({
        "1": {"class_type": "DataStreamer", "inputs": {"src_path": "x.csv"}},
        "2": {"class_type": "Tensor", "inputs": {}},
        "3": {"class_type": "Barrier", "inputs": {"input": ["2", 0], "release": ["1", 0]}}},
        "rows", "rows.json", catalogue.signature)
    edges = build_graph(parsed, catalogue, problems).edges
    assert {f"{edge.source} > {edge.target}" for edge in edges} == {
        "2.tensor > 3.input", "1.data > 3.release"}
