"""Files that hold no graph are refused at once; those that do are recognised by their format."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.workflow.reading import read_workflow


@pytest.fixture
def refusal(tmp_path, signature_of):
    """Return what is said of a file with these contents."""
    def call(contents):
        path = tmp_path / "graph.json"
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        with pytest.raises(InputError) as caught:
            read_workflow(path, signature_of)
        assert str(caught.value).startswith(f"{path}: ")
        return str(caught.value).removeprefix(f"{path}: ")
    return call


def test_missing_file(tmp_path, signature_of):
    with pytest.raises(InputError, match="no such file"):
        read_workflow(tmp_path / "none.json", signature_of)


def test_directory(tmp_path, signature_of):
    with pytest.raises(InputError, match="is a directory"):
        read_workflow(tmp_path, signature_of)


@pytest.mark.parametrize("path", ["a\0b.json", "x" * 5000, "/dev/null/graph.json"])
def test_impossible_path(path, signature_of):
    with pytest.raises(InputError, match="cannot be read"):
        read_workflow(path, signature_of)


def test_not_utf8(refusal):
    assert refusal(b'{"a": "\xff"}') == "is not UTF-8 text: byte 7 cannot be read"


@pytest.mark.parametrize("contents,message", [
    ("", "is not JSON: Expecting value at line 1, column 1"),
    ('{\n  "nodes": [,]}', "is not JSON: Expecting value at line 2, column 13"),
    ("[1] 2", "is not JSON: Extra data at line 1, column 5"),
    ('{"nodes": NaN}', "holds NaN, which JSON does not have"),
    ("1" * 5000, "holds a number of 5000 digits"),
    ('{"nodes": ["\\ud800"]}', "holds text that is not unicode: '\\ud800'"),
])
def test_not_json(refusal, contents, message):
    assert refusal(contents) == message


@pytest.mark.parametrize("depth", [150, 100_000])
def test_nested_too_deeply(refusal, depth):
    assert refusal("[" * depth + "]" * depth).startswith("is nested too deeply")


def test_repeated_keys(refusal):
    assert refusal('{"3": {"class_type": "ORNode"}, "3": {"class_type": "ORNode"}}') == (
        "gives these keys twice in one object: '3'; each must appear once")


@pytest.mark.parametrize("contents,found", [
    ("[]", "a list of 0"), ("null", "null"), ('"x"', "'x'"),
    ('{"nodes": 3, "edges": []}', "an object with 'nodes', 'edges'")])
def test_neither_format(refusal, contents, found):
    assert refusal(contents) == (
        'is not a workflow: expected the UI format, {"nodes": [...], "links": [...]}, or the API '
        'format, {"3": {"class_type": "...", "inputs": {...}}}; found ' + found)


@pytest.mark.parametrize("contents", [
    "{}", '{"nodes": [], "links": []}', '{"nodes": [{"id": 1, "type": "Note"}]}'])
def test_empty_graph(refusal, contents):
    assert "holds an empty graph" in refusal(contents)


@pytest.mark.parametrize("contents", [
    '{"nodes": [{"id": 2, "type": "ORNode"}]}', '{"2": {"class_type": "ORNode", "inputs": {}}}',
    '\ufeff{"2": {"class_type": "ORNode"}}'])
def test_workflow_carries_the_files_name(tmp_path, signature_of, contents):
    path = tmp_path / "My graph.v2.json"
    path.write_text(contents, encoding="utf-8")
    workflow, problems = read_workflow(str(path), signature_of)
    assert (workflow.name, workflow.path) == ("My graph.v2", str(path))
    assert [node.type for node in workflow.nodes] == ["ORNode"]
    assert list(problems) == []
    assert problems.source == str(path)


def test_slots_can_only_come_from_a_ui_file(tmp_path, signature_of):
    api = tmp_path / "api.json"
    api.write_text('{"2": {"class_type": "ORNode"}}', encoding="utf-8")
    with pytest.raises(InputError, match="expected a UI file to take slots from"):
        read_workflow(api, signature_of, slots_from=api)


def test_slots_of_another_file_are_of_no_use_to_a_ui_file(parse, tmp_path):
    parsed = parse({"nodes": [{"id": 2, "type": "ORNode"}]}, slots_from=tmp_path / "ui.json")
    assert "has its own slots" in parsed.sole_problem()
