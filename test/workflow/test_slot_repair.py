"""API files in which a faulty converter wrote slot 0 into every link."""

import json

# The loop of the Cartpole graph, with its true slots.
CARTPOLE = {
    "1": ("IsaacGymEnvNode", {}),
    "2": ("ORNode", {"input_a": ["1", 1], "input_b": ["4", 0]}),
    "3": ("PPOAgentNode", {"observations": ["2", 0]}),
    "4": ("IsaacGymStepNode", {
        "sim_handle": ["1", 0], "actions": ["5", 0], "trigger": ["6", 1]}),
    "5": ("CartpoleActionNode", {"network_output": ["3", 0]}),
    "6": ("PPOTrainerNode", {
        "state": ["4", 0], "policy_output": ["3", 0], "reward": ["4", 1], "done": ["4", 2],
        "model": ["3", 1]}),
}


def graph(nodes, collapsed):
    return {id_: {"class_type": type_, "inputs": {
        name: [source, 0 if collapsed else slot] for name, (source, slot) in inputs.items()}}
        for id_, (type_, inputs) in nodes.items()}


def ui_to_collapsed_api(document):
    """Convert a UI file to the API format as the faulty converter does."""
    sources = {link[0]: str(link[1]) for link in document["links"]}
    return {str(node["id"]): {"class_type": node["type"], "inputs": {
        entry["name"]: [sources[entry["link"]], 0]
        for entry in node.get("inputs", []) if entry.get("link") is not None}}
        for node in document["nodes"]}


def test_names_and_types_give_the_true_slots(parse):
    collapsed = parse(graph(CARTPOLE, collapsed=True))
    assert collapsed.problems == []
    assert collapsed.links == parse(graph(CARTPOLE, collapsed=False)).links


def test_real_cartpole_file_is_repaired_without_its_ui_file(parse, cartpole_file):
    document = json.loads(cartpole_file.read_text(encoding="utf-8"))
    collapsed = parse(ui_to_collapsed_api(document))
    assert collapsed.problems == []
    assert collapsed.links == parse(document).links


def test_real_files_are_repaired_from_their_ui_file(parse, shared_file):
    document = json.loads(shared_file.read_text(encoding="utf-8"))
    collapsed = parse(ui_to_collapsed_api(document), slots_from=shared_file)
    assert collapsed.problems == []
    assert collapsed.links == parse(document).links


def test_a_file_with_any_other_slot_is_left_alone(parse):
    nodes = graph(CARTPOLE, collapsed=True)
    nodes["4"]["inputs"]["trigger"] = ["6", 1]
    assert ("4.observations", "6.reward") in parse(nodes).links


def test_a_file_that_can_be_right_is_left_alone(parse):
    parsed = parse(graph({
        "3": ("PPOAgentNode", {"observations": ["4", 0]}),
        "4": ("IsaacGymStepNode", {"actions": ["5", 0]}),
        "5": ("CartpoleActionNode", {"policy": ["3", 0]})}, collapsed=False))
    assert ("4.observations", "3.observations") in parsed.links
    assert len(parsed.links) == 3


def test_wrong_type_without_any_remedy_is_no_sign_of_collapse(parse):
    parsed = parse(graph({"1": ("IsaacGymEnvNode", {}),
                          "5": ("CartpoleActionNode", {"policy": ["1", 0]})}, collapsed=True))
    assert parsed.links == {("1.sim_handle", "5.network_output")}
    assert parsed.problems == []


def test_doubt_between_outputs_lists_them(parse):
    parsed = parse(graph({"7": ("Eyes", {}), "2": ("LinearLayer", {"input": ["7", 0]})},
                         collapsed=True))
    assert parsed.sole_problem() == (
        "node 2 (LinearLayer), input: its link says slot 0 of node 7 (Eyes), as all links in this "
        "file do, and that cannot be right; it may be: left, right; the UI file of this graph "
        "would tell")
    assert parsed.links == set()


def test_first_slot_wins_when_it_fits(parse):
    parsed = parse(graph({
        "1": ("IsaacGymEnvNode", {}), "2": ("LinearLayer", {"input": ["1", 0]}),
        "7": ("GetBatch", {}), "8": ("Network", {"input": ["7", 0]})}, collapsed=True))
    assert parsed.links == {("1.observations", "2.input"), ("7.images", "8.input")}


def test_a_node_that_takes_anything_wants_what_its_readers_want(parse):
    parsed = parse(graph({
        "1": ("IsaacGymEnvNode", {}), "2": ("ORNode", {"input_a": ["1", 1]}),
        "4": ("ORNode", {"input_a": ["2", 0], "input_b": ["4", 0]}),
        "3": ("PPOAgentNode", {"observations": ["4", 0]})}, collapsed=True))
    assert ("1.observations", "2.input_a") in parsed.links
    assert parsed.problems == []


def test_ui_file_decides_where_types_and_names_do_not(parse, tmp_path):
    path = tmp_path / "graph_ui.json"
    path.write_text(json.dumps({
        "nodes": [{"id": 7, "type": "Eyes"}, {"id": 3, "type": "Reroute"},
                  {"id": 2, "type": "ORNode"}],
        "links": [[1, 7, 2, 3, 0, "*"], [2, 3, 0, 2, 0, "*"]]}), encoding="utf-8")
    nodes = graph({"7": ("Eyes", {}), "2": ("ORNode", {"input_a": ["7", 0]})}, collapsed=True)
    parsed = parse(nodes, slots_from=path)
    assert (parsed.links, parsed.problems) == ({("7.right", "2.input_a")}, [])


def test_problems_of_the_ui_file_are_told_with_its_name(parse, tmp_path):
    path = tmp_path / "graph_ui.json"
    path.write_text('{"nodes": [{"id": 7, "type": "Eyes"}], "links": [5]}', encoding="utf-8")
    parsed = parse({"7": {"class_type": "Eyes"}}, slots_from=path)
    assert parsed.sole_problem().startswith(f"{path}: expected entry 0 of links")


def test_repair_is_logged(parse, caplog):
    parse(graph(CARTPOLE, collapsed=True))
    assert "graph.json: all slots have collapsed to 0" in caplog.text
