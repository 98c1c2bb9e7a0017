"""Without its libraries, recording says what to install."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.recording import installed


def test_what_is_missing_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(installed, "find_spec", lambda name: None if name != "mcap" else object())
    with pytest.raises(InputError, match=r"zstandard is not installed: pip install 'dnne_ros\["):
        installed.check_recording("--record")
    with pytest.raises(InputError, match="zstandard, rosbags"):
        installed.check_recording("replay", bags=True)
