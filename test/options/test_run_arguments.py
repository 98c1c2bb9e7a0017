"""Options of a run that go together."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.options.run_arguments import check_host_options
from dnne_ros.options.run_settings import RunSettings


def test_what_is_about_other_hosts_wants_to_know_which_this_is():
    check_host_options(RunSettings())
    check_host_options(RunSettings(host="robot", wait=3.0, peers="10.0.0.2"))
    with pytest.raises(InputError, match="^--wait, --key-file: expected --host NAME, too"):
        check_host_options(RunSettings(wait=3.0, key_file="run.key"))
