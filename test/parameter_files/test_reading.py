"""Parameter files mean here what they mean to rcl."""

import json
import sys

import pytest

from dnne_ros.errors import InputError
from dnne_ros.parameter_files.reading import read_parameter_file

TEXT = """\
/**: {ros__parameters: {anywhere: 1, both: wildcard}}
/*/two: {ros__parameters: {one_level: 2}}
/**/two: {ros__parameters: {levels: 3}}
two: {ros__parameters: {root_only: 1}}
one: {two: {ros__parameters: {nested_node: 4}}}
/one/two:
  ros__parameters:
    both: specific
    small: 1e-3
    whole: 1.
    large: 1E5
    fraction: .5
    endless: -.inf
    hexadecimal: 0x10
    octal: 010
    negative: -3
    positive: +4
    underscored: 1_000
    day: 2020-01-01
    quoted: "1"
    tagged: !!str 5
    yes_word: y
    off_word: Off
    word: hello
    deep: {er: {est: true}}
    series: [1, 2]
"""


READ_WITH_RCLPY = """
import json, sys, rclpy
rclpy.init(args=["--ros-args", "--params-file", sys.argv[1]])
overrides = rclpy.create_node("two", namespace="/one")._parameter_overrides
print(json.dumps({name: list(parameter.value) if "ARRAY" in parameter.type_.name
                  else parameter.value for name, parameter in overrides.items()}))
"""


def test_the_same_as_rclpy_reads(parameter_file, run_words):
    pytest.importorskip("rclpy", reason="rclpy is not installed")
    path = parameter_file(TEXT)
    done = run_words(sys.executable, "-c", READ_WITH_RCLPY, path)
    assert done.returncode == 0, done.errors
    expected = json.loads(done.output)

    assignments = [each for each in read_parameter_file(path) if each.matches("/one/two")]
    found = {each.name: each.value
             for each in sorted(assignments, key=lambda each: each.is_specific)}
    assert found == expected
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in expected.items()}


@pytest.mark.parametrize("text, expected", [
    ("", "expected NODE: {ros__parameters: {NAME: VALUE}}"),
    ("[1]", "line 1: expected NODE"),
    ("{", "not YAML"),
    ("n:\n  ros__parameters:\n    a: [0.1", "not YAML: line 3, column 12: while parsing a flow "
     "sequence, expected ',' or ']', but got '<stream end>'"),
    ("a: \x01", "not YAML: "),
    ("ros__parameters: {a: 1}", "line 1: ros__parameters is not below a node"),
    ("node:\n  a: 1", "line 2: expected NODE: {ros__parameters: {NAME: VALUE}} below /node/a"),
    ("node:\n  ros__parameters: 1", "line 2: expected {NAME: VALUE}"),
    ("node:\n  ros__parameters:\n    a:", "line 3: a of /node has no value"),
])
def test_what_is_no_parameter_file(parameter_file, text, expected):
    with pytest.raises(InputError) as refusal:
        read_parameter_file(parameter_file(text))
    assert expected in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot read the parameters: No such file"):
        read_parameter_file(tmp_path / "none.yaml")
