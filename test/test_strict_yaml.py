"""YAML that is small when it is read, too."""

import pytest
import yaml
from hypothesis import given, strategies as st

from dnne_ros import strict_yaml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner:
    st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
def test_what_was_written_is_read(value):
    shared = [value, value]  # which is written as an alias
    assert strict_yaml.loads(yaml.safe_dump(shared)) == shared


@pytest.mark.parametrize("text, said", [
    ("a: &a [1]\n" + "".join(f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
                             for before, name in zip("abcdefghi", "bcdefghij", strict=True)),
     "more than 1000000 values"),
    ("&a [*a]", "an alias within itself"), ("&a {b: {c: *a}}", "an alias within itself"),
    ("[" * 100_000, "maximum recursion depth"), ("2024-99-99", "month must be in"),
    ("!!python/object/apply:os.system [x]", "could not determine a constructor"),
    ("a:\n  left: [1]\n  right: [2]\n  left: [3]", "'left' is there twice, in lines 2 and 4"),
    ("{a: 1, b: {a: 2}, a: 3}", "'a' is there twice, in lines 1 and 1"),
    (b"\xff\xfe\xff", "codec can't decode"), ("a: [", "while parsing")])
def test_what_is_none_is_one_line(text, said):
    with pytest.raises(ValueError, match=".") as refused:
        strict_yaml.loads(text)
    assert said in str(refused.value) and len(str(refused.value)) < 250
    assert "\n" not in str(refused.value)
