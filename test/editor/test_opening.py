"""Files as the front end opens them mean what the command line reads in them."""

import copy
from contextlib import suppress
from pathlib import Path

import pytest
from cartpole_drawings import DRAWINGS, graph_of
from hypothesis import given, settings, strategies as st

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.editor.opening import openable
from dnne_ros.errors import InputError
from dnne_ros.workflow.json_text import load_json

CONFIG = Path(__file__).parents[2] / "config" / "workflows"
CARTPOLE = load_json(CONFIG / "cartpole_ppo.json")
CATALOGUE = Catalogue()
FILES = sorted(path.name for path in CONFIG.glob("*.json"))


@pytest.mark.parametrize("name", FILES)
def test_the_package_s_workflows_mean_what_they_meant(name, catalogue):
    document = load_json(CONFIG / name)
    before = copy.deepcopy(document)
    opened = openable(document, CONFIG / name, catalogue)
    assert document == before
    assert graph_of(opened, CONFIG / name, catalogue) == graph_of(
        document, CONFIG / name, catalogue)


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_of_every_kind_mean_what_they_meant(name, catalogue, cartpole):
    document = DRAWINGS[name](cartpole)
    path = Path(f"{name}.json")
    opened = openable(document, path, catalogue)
    assert graph_of(opened, path, catalogue) == graph_of(document, path, catalogue)


def test_outputs_come_in_todays_order(catalogue, cartpole):
    """The front end goes by their places, whatever they are called."""
    opened = openable(DRAWINGS["outputs_in_another_order"](cartpole), Path("x.json"), catalogue)
    step = next(node for node in opened["nodes"] if node["id"] == 4)
    declared = list(catalogue.find("IsaacGymStepNode").outputs)
    assert [each["name"] for each in step["outputs"]][:len(declared)] == declared


def test_values_are_told_by_name(catalogue, cartpole):
    opened = openable(cartpole, Path("x.json"), catalogue)
    trainer = next(node for node in opened["nodes"] if node["id"] == 6)
    assert trainer["widgets_values_named"]["learning_rate"] == 0.002
    assert list(trainer["widgets_values_named"]) == list(
        catalogue.find("PPOTrainerNode").widgets)


def test_an_api_file_becomes_a_drawing(catalogue):
    opened = openable(load_json(CONFIG / "cartpole_balance.json"), Path("x.json"), catalogue)
    places = {tuple(node["pos"]) for node in opened["nodes"]}
    assert len(places) == len(opened["nodes"])


@pytest.mark.parametrize("document", [None, [], 3, "text", {}, {"a": 1}])
def test_what_is_no_workflow_is_refused(document, catalogue):
    with pytest.raises(InputError):
        openable(document, Path("x.json"), catalogue)


JUNK = st.sampled_from([None, True, -1, 3.5, 2**70, "", "x", [], [[]], {}, {"a": []}, [None, 7]])


def places_in(value, path=()):
    """Yield the paths of all values in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) \
        if isinstance(value, list) else ()
    for key, each in inner:
        yield from places_in(each, (*path, key))


@settings(max_examples=60)
@given(st.data(), st.sampled_from(["subgraph", "primitive", "outputs_in_another_order"]))
def test_whatever_is_spoilt_in_a_file_it_is_opened_or_refused(data, name):
    document = DRAWINGS[name](CARTPOLE)
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(list(places_in(document))[1:]))
        place = document
        for key in way:
            place = place[key]
        place[last] = data.draw(JUNK)
    with suppress(InputError):
        openable(document, Path("x.json"), CATALOGUE)
