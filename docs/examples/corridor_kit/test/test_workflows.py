"""The package's workflows, with the commands that a user has."""

import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[1] / "config"


def dnne_ros(*words):
    done = subprocess.run([sys.executable, "-m", "dnne_ros", *map(str, words)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["corridor_ppo.json", "front_scan.json"])
def test_they_are_sound(name):
    assert "ok." in dnne_ros("check", CONFIG / name)


def test_what_scans_travel_as():
    said = dnne_ros("check", CONFIG / "front_scan.json", "--place", "split")
    assert "[LASER_SCAN, drop_oldest, between processes]" in said
    assert "sensor_msgs/msg/LaserScan, external" in said


def test_a_policy_learns_to_stay_in_the_middle():
    dnne_ros("run", CONFIG / "corridor_ppo.json", "--until-return", 120, "--quiet")
