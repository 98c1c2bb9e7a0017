"""The key of a run: one of our own, and one that several hosts share."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.options.run_key import RUN_KEY, new_run_key, shared_run_key

KEY = "5a" * 32


@pytest.fixture
def key_file(tmp_path):
    """Write a file with a key; returns its path."""
    def write(text, mode=0o600):
        path = tmp_path / "run.key"
        path.write_bytes(text)
        path.chmod(mode)
        return str(path)
    return write


def test_two_keys_differ_and_fit_into_what_is_read():
    keys = {new_run_key() for _ in range(10)}
    assert len(keys) == 10 and all(16 <= len(key) <= 64 for key in keys)


def test_it_comes_from_the_file_or_from_the_environment(key_file):
    assert shared_run_key("robot", None, {RUN_KEY: KEY}) == KEY
    path = key_file(f"{KEY}\n".encode())
    assert shared_run_key("robot", path, {RUN_KEY: "another" * 5}) == KEY


@pytest.mark.parametrize("environment", [{}, {RUN_KEY: ""}, {RUN_KEY: new_run_key()}])
def test_a_key_that_no_other_host_can_have_is_none(environment):
    with pytest.raises(InputError, match="host robot: has no key of the run") as caught:
        shared_run_key("robot", None, environment)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_can_read_is_refused(key_file, mode):
    with pytest.raises(InputError, match=f"expected mode 0600, found {mode:04o}"):
        shared_run_key("robot", key_file(KEY.encode(), mode), {})


@pytest.mark.parametrize(("text", "said"), [
    (b"", "found 0"), (b"short", "found 5"), (b"x" * 65, "found 65"),
    ("ключ".encode() * 5, "expected a key in ASCII"), (b"a\x07" * 12, "ASCII characters")])
def test_what_is_no_key_is_one_line(key_file, text, said):
    with pytest.raises(InputError, match=said) as caught:
        shared_run_key("robot", key_file(text), {})
    assert len(caught.value.problems) == 1 and text.decode() not in [*filter(None, [
        str(caught.value)])]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot read the run's key: No such file"):
        shared_run_key("robot", str(tmp_path / "none"), {})
