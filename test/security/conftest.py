"""The probe: a program that joins a DDS domain by Fast DDS with security, and says what it may."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from security_probe import Probe

SOURCE = Path(__file__).with_name("probe.cpp")
_ASKED = "#include <fastrtps/config.h>\nHAVE_SECURITY\n"


@pytest.fixture(scope="session")
def probe_program(shared_folder):
    """Build the probe once, where Fast DDS 2 has its headers and security."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not here")
    asked = subprocess.run(["g++", "-E", "-P", "-x", "c++", "-"], input=_ASKED, text=True,
                           capture_output=True)
    if asked.returncode or asked.stdout.split()[-1:] != ["1"]:
        pytest.skip("Fast DDS 2 with security is not here: apt-get install libfastrtps-dev")

    def build(folder):
        subprocess.run(["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", SOURCE, "-o",
                        folder / "probe", "-lfastrtps", "-lfastcdr"], check=True)
    return shared_folder("security_probe", build) / "probe"


@pytest.fixture(scope="session")
def start_probe(probe_program, start_command, tmp_path_factory):
    """Start the probe with actors: (name, folder of an enclave or None, ends like pub:TOPIC).

    The one before it is killed: its actors would meet the new ones.
    """
    started = []

    def start(*actors):
        for command in started:
            command.kill()
        folder = tmp_path_factory.mktemp("probe")
        (folder / "actors").write_text("".join(
            f"{name} {enclave or '-'} {' '.join(ends)}\n" for name, enclave, ends in actors))
        # Its input stays open until it is killed.
        script = 'exec 3<> fifo; exec "$0" "$1" actors < fifo'
        os.mkfifo(folder / "fifo")
        command = start_command(
            ["bash", "-c", script, probe_program, os.environ["ROS_DOMAIN_ID"]], folder=folder,
            cold=True, separate=True)
        started.append(command)
        return Probe(command).begun()

    yield start
    for command in started:
        command.kill()
