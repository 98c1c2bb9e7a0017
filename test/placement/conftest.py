"""A small graph of which two nodes cannot be separated."""

import json

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.records import LinkRecord, NodeRecord, PortRef, Workflow

NODES = {"1": "IsaacGymEnv", "4": "IsaacGymStep", "2": "OR", "3": "PPOAgent",
         "5": "CartpoleAction", "6": "Display"}
LINKS = (("1", "sim_handle", "4", "sim_handle"), ("1", "observations", "2", "input_a"),
         ("4", "observations", "2", "input_b"), ("2", "output", "3", "observations"),
         ("3", "policy_output", "5", "network_output"), ("5", "action", "4", "actions"),
         ("4", "rewards", "6", "value"))


@pytest.fixture(scope="session")
def simulated():
    """Build the graph; ``processes`` gives what nodes ask for by id."""
    def call(**processes):
        asked = {name.removeprefix("n"): process for name, process in processes.items()}
        records = tuple(
            NodeRecord(id_, type_, options={"process": asked[id_]} if id_ in asked else {})
            for id_, type_ in NODES.items())
        links = tuple(LinkRecord(PortRef(a, b), PortRef(c, d)) for a, b, c, d in LINKS)
        workflow = Workflow("Play", "play.json", records, links)
        return build_graph(workflow, Catalogue(), Problems("play.json"))
    return call


@pytest.fixture
def placement_file(tmp_path):
    """Write a placement, given as text or as processes, and return its path."""
    def call(content, name="placement.yaml"):
        text = content if isinstance(content, str) else json.dumps({"processes": content})
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)
    return call
