"""Hostile strings at names, widgets, titles and ids stay what they are: strings."""

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import yaml
from hypothesis import HealthCheck, example, given, settings, strategies as st

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.catalogue.plugins import NODE_TYPES
from dnne_ros.errors import InputError
from dnne_ros.exporting.package import file_bytes, package_files
from dnne_ros.exporting.package_names import default_package_name
from dnne_ros.exporting.writing import write_package
from dnne_ros.graph.building import build_graph
from dnne_ros.placement.planning import place
from dnne_ros.plugins.single_files import module_of_file
from dnne_ros.workflow.reading import parse_workflow

TYPES = NODE_TYPES.defined_in(module_of_file(Path(__file__).with_name("nodes_for_tests.py")))
CATALOGUE = Catalogue(TYPES)
EVIL = (
    "'", '"', '"""', "'''", "\\", "\\'", '\\"', "\n", "\r", "\t", "\x85", "\u2028", "\x0c", "\x1b",
    "${HOME}", "$(eval 1)", "{{ 7 * 7 }}", "{% raw %}", "{# #}", "%s", "#", "# noqa", "coding: x",
    "../../etc/passwd", "/", "..", "null", "on", "1", "1e5", "~", "é", "日本", "😀", "\u202e",
    ": ", "- ", "&a", "*a", "!!python/object:os.system", "<script>", "]]>", "-->", "|", "`",
    "\ufeff",
    "__import__('os').system('true')", "x" * 150)
hostile = st.lists(st.sampled_from(EVIL) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=8), max_size=5).map("".join)
values = hostile.map(lambda text: text.replace("\0", ""))


def graph_of(ids, titles, texts, name="graph", numbers=(0.5, 3)):
    document = {
        ids[0]: {"class_type": "Speaker", "_meta": {"title": titles[0]},
                 "inputs": {"text": texts[0], "amount": numbers[0], "count": numbers[1]}},
        ids[1]: {"class_type": "Listener", "_meta": {"title": titles[1]},
                 "inputs": {"heard": [ids[0], 0], "note": texts[1]}}}
    workflow, problems = parse_workflow(document, name, "graph.json", CATALOGUE.signature)
    return build_graph(workflow, CATALOGUE, problems)


def files_of(graph, **options):
    package = default_package_name(graph.namespace)
    return package, package_files(
        graph, place(graph, "split"), package, **{"standalone": False, **options})


def literal_in(source, name):
    """Return the literal that a class or module assigns to ``name``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{name} is not assigned")


def stated_nodes(source):
    """Return (ros name, id, title) of each node in a generated graph.py, without running it."""
    calls = {key.value: value for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.Assign) and node.targets[0].id == "NODES"
             for key, value in zip(node.value.keys, node.value.values)}
    return {name: (ast.literal_eval(call.args[0]), ast.literal_eval(call.args[2]))
            for name, call in calls.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ids=st.lists(hostile.filter(bool), min_size=2, max_size=2, unique=True),
       titles=st.tuples(hostile, hostile), texts=st.tuples(values, values),
       name=hostile, amount=st.floats(0, 1e300), count=st.integers(-2**63, 2**63 - 1))
@example(ids=["'", "# noqa!!python/object:os.system"], titles=("", ""), texts=("", ""),
         name="", amount=0.0, count=0)
def test_no_value_changes(ids, titles, texts, name, amount, count):
    graph = graph_of(ids, titles, texts, name, (amount, count))
    package, files = files_of(graph)
    for path, text in files.items():
        assert re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_.]+)*|[A-Za-z]+\.[a-z]+", path), path
        text.encode()
        if path.endswith(".py"):
            compile(text, path, "exec")
            lines = text.split("\n")
            assert all(len(line) <= 99 or "# noqa: E501" in line for line in lines)
            assert not any(line.endswith(" ") for line in lines)
    assert stated_nodes(files[f"{package}/graph.py"]) == {
        node.ros_name: (node.id, node.title) for node in graph.nodes.values()}
    parameters = yaml.safe_load(files[f"config/{package}.params.yaml"])
    assert set(parameters) == {f"/**/{n.ros_name}" for n in graph.nodes.values()}
    for node in graph.nodes.values():
        module = files[f"{package}/nodes/{node.ros_name}.py"]
        stated = literal_in(module, "VALUES")
        in_file = parameters[f"/**/{node.ros_name}"]["ros__parameters"]
        for found in (stated, in_file):
            assert found == node.values
            assert {k: type(v) for k, v in found.items()} == {
                k: type(v) for k, v in node.values.items()}
    ElementTree.fromstring(files[f"graph/{package}.svg"])
    ElementTree.fromstring(files["package.xml"])
    assert_same(graph_again(files[f"graph/{package}.json"], name), graph)


def graph_again(text, name):
    workflow, problems = parse_workflow(
        json.loads(text), name, "again.json", CATALOGUE.signature)
    return build_graph(workflow, CATALOGUE, problems)


def assert_same(one, other):
    def essence(graph):
        return ({id: (n.title, n.ros_name, n.values, n.type) for id, n in graph.nodes.items()},
                graph.edges)
    assert essence(one) == essence(other)


@settings(max_examples=6, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(ids=st.lists(hostile.filter(bool), min_size=2, max_size=2, unique=True), name=hostile)
def test_nothing_lands_outside_the_folder(tmp_path_factory, ids, name):
    place_ = tmp_path_factory.mktemp("hostile")
    package, files = files_of(graph_of(ids, ("", ""), ("", ""), name), standalone=True)
    write_package(place_ / "in" / package, file_bytes(files))
    assert [path.name for path in place_.iterdir()] == ["in"]
    assert [path.name for path in (place_ / "in").iterdir()] == [package]
    assert all(path.resolve().is_relative_to(place_ / "in" / package)
               for path in place_.rglob("*") if path.is_file())


@settings(max_examples=100, deadline=None)
@given(name=hostile | st.from_regex(r"[a-z_0-9A-Z.-]{0,12}", fullmatch=True))
def test_package_names_are_legal_or_refused(name):
    graph = graph_of(("1", "2"), ("", ""), ("", ""))
    try:
        package_files(graph, place(graph), name, standalone=False)
    except InputError as error:
        assert "package name" in str(error)
    else:
        assert re.fullmatch(r"[a-z](_?[a-z0-9])+", name)


@settings(max_examples=30, deadline=None)
@given(name=hostile)
def test_every_workflow_name_gives_a_legal_package(name):
    graph = graph_of(("1", "2"), ("", ""), ("", ""), name)
    package, files = files_of(graph)
    assert f"resource/{package}" in files


def test_text_that_is_no_unicode_is_refused():
    workflow, problems = parse_workflow(
        {"1": {"class_type": "Speaker", "inputs": {"text": "\udc80"}}}, "graph", "graph.json",
        CATALOGUE.signature)
    graph = build_graph(workflow, CATALOGUE, problems)
    try:
        package_files(graph, place(graph), "graph_of_bytes", standalone=False)
    except InputError as error:
        assert "widget 'text'" in str(error)
    else:
        raise AssertionError("a parameter file cannot hold it")


def test_containers_are_told_no_word_of_the_graph():
    def containers(titles, texts):
        _, files = files_of(graph_of(["1", "2"], titles, texts), containers=True)
        return {path: text for path, text in files.items() if path.startswith("containers/")}

    wild = "\nRUN true\n$(eval 1) `eval 1` ${HOME} ' \" \\"
    assert containers(("", ""), ("", "")) == containers((wild, wild), (wild, wild)) != {}
