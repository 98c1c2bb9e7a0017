"""The command line as a whole."""

import pytest

from dnne_ros.cli.main import build_parser


def test_each_command_is_the_same_alone_and_among_the_others(capsys):
    whole = build_parser()
    commands = next(action.choices for action in whole._actions if action.choices)
    assert len(commands) > 20
    for name, parser in commands.items():
        with pytest.raises(SystemExit, match="0"):
            build_parser([name]).parse_args([name, "--help"])
        assert capsys.readouterr().out == parser.format_help()
