"""One declaration gives an option in every form that it is given in."""

import argparse

import pytest

from dnne_ros.options.option import Option
from dnne_ros.options.readings import duration

OPTIONS = {
    "text": Option("end_at", "end at R", read=float),
    "default": Option("wait_for", "how long to wait", default="90s", read=duration),
    "flag": Option("go_fast", "hurry up", default="false", kind="flag"),
    "list": Option("node", "a node", kind="list"),
}


def parse(option, *words, launched=False):
    parser = argparse.ArgumentParser(exit_on_error=False)
    option.add_to(parser, launched=launched)
    return getattr(parser.parse_args(words), option.name)


@pytest.mark.parametrize("kind, left_out", [
    ("text", None), ("default", 90.0), ("flag", False), ("list", [])])
def test_left_out(kind, left_out):
    assert parse(OPTIONS[kind]) == left_out == OPTIONS[kind].default_value


@pytest.mark.parametrize("kind, words, value", [
    ("text", ["--end-at=-1.5"], -1.5),
    ("default", ["--wait-for=2m"], 120.0),
    ("flag", ["--go-fast"], True),
    ("flag", [], False),
    ("list", ["--node=-a", "--node=b"], ["-a", "b"]),
    ("list", [], []),
])
def test_a_value_comes_back_from_its_words(kind, words, value):
    option = OPTIONS[kind]
    assert parse(option, *words) == value
    assert parse(option, *option.words(value)) == value


def test_a_second_word_means_the_same():
    option = Option("wait_for", "how long to wait", read=duration, also=("--patience",))
    assert parse(option, "--patience", "2m") == 120.0 == parse(option, *option.words(120.0))


def test_a_launch_file_says_every_option_even_those_that_nobody_gave():
    assert parse(OPTIONS["text"], "--end-at=", launched=True) is None
    assert parse(OPTIONS["flag"], "--go-fast=false", launched=True) is False
    assert parse(OPTIONS["flag"], "--go-fast=true", launched=True) is True


@pytest.mark.parametrize("kind, word, complaint", [
    ("text", "--end-at=high", "invalid float value: 'high'"),
    ("default", "--wait-for=", "expected a duration"),
])
def test_what_cannot_be_read_is_named(kind, word, complaint):
    with pytest.raises(argparse.ArgumentError, match=complaint):
        parse(OPTIONS[kind], word)


def test_it_describes_itself():
    assert OPTIONS["default"].description == "How long to wait."
    assert Option("a", "b", explanation="C, and more.").description == "C, and more."
