"""What a generated package does with a robot, without ROS; and the same gate in Python."""

import ast
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from dnne_ros.nodes.policies.policy_health import MissedPeriods
from dnne_ros.nodes.robot.command_limits import CommandLimits
from dnne_ros.nodes.robot.gate import LATCHES, Gate, GateSettings
from dnne_ros.policy_cpp.package import cpp_package

HOSTILE = 'x"; } // */ ??/\n#include "/etc/passwd"\n\\ : {a: [µ]} {{ 7 * 7 }} # \u2028'


def test_positions_are_held_whatever_joints_are_called(arm_bundle, compiled):
    """Shuffled joints change nothing; silence, a missing joint and NaN make it safe."""
    joints = (HOSTILE, "yes")
    package = cpp_package(arm_bundle(joints, seen=(HOSTILE, "1.5")), "my_policy")
    assert package.header_problem == package.node_problem == ""
    done = compiled(package.files, "test/test_pilot.cpp")()
    assert done.returncode == 0 and done.stdout == "0 failures\n", done.stdout + done.stderr
    values = yaml.safe_load(package.files["config/policy.yaml"])["/**"]["ros__parameters"]
    assert values["joint_names"] == [HOSTILE, "yes", "1.5"]
    assert (values["least_command"], values["greatest_command"]) == ([-0.5, -1.0], [0.5, 3.0])
    assert np.isnan(values["safe_command"]).all() and values["rate"] == 50.0
    ast.parse(package.files["launch/policy.launch.py"])
    manifest = ElementTree.fromstring(package.files["package.xml"])
    assert {"rclcpp", "sensor_msgs"} <= {each.text for each in manifest.iter("depend")}


@pytest.mark.parametrize(("changes", "expected"), [
    ({"kind": "command/gripper"}, "actions are command/gripper, not of joints"),
    ({"joints": ("elbow", "elbow")}, "a joint is commanded twice"),
    ({"history": 2}, "observations.velocity has a history of 2"),
    ({"scale": (0.1, 0.1)}, "observations.velocity.scale: [0.1, 0.1] is not inside the network")])
def test_what_no_node_could_do_is_said(arm_bundle, changes, expected):
    package = cpp_package(arm_bundle(**changes), "my_policy")
    assert package.node_problem == expected
    assert not {"src/main.cpp", "config/policy.yaml"} & set(package.files)
    assert b"rclcpp" not in package.files["package.xml"] + package.files["CMakeLists.txt"]


REPLAY = b"""
#include <cstdio>
#include <iostream>
#include <string>
#include "my_policy/gate.hpp"
using namespace my_policy;

static std::vector<double> row(std::size_t count) {
  std::vector<double> made(count);
  for (double & number : made) {
    std::string word;
    std::cin >> word;
    number = std::stod(word);
  }
  return made;
}

int main() {
  GateSettings settings;
  int latch = 0;
  std::cin >> settings.is_position >> latch;
  settings.latch = static_cast<Latch>(latch);
  for (auto * each : {
      &settings.least_command, &settings.greatest_command, &settings.max_change,
      &settings.safe_command, &settings.start_pose, &settings.least_position,
      &settings.greatest_position, &settings.max_velocity}) {
    *each = row(2);
  }
  settings.start_tolerance = row(1)[0];
  settings.hold_seconds = row(1)[0];
  settings.fade_seconds = row(1)[0];
  Gate gate(settings, 0.0);
  std::string what;
  while (std::cin >> what) {
    const double now = row(1)[0];
    bool sends = false;
    if (what == "sense") {
      const auto position = row(2), velocity = row(2);
      gate.sense(position.data(), velocity.data(), now, now);
    } else if (what == "act") {
      const auto numbers = row(2);
      const float action[2] = {static_cast<float>(numbers[0]), static_cast<float>(numbers[1])};
      sends = gate.act(action, now);
    } else if (what == "tick") {
      sends = gate.tick(now);
    } else if (what == "doubt") {
      gate.doubt("doubt", now);
    } else {
      gate.release();
    }
    std::printf("%d %d %d %zu", static_cast<int>(gate.state()), gate.is_latched(),
      gate.takes_restart(), gate.stops());
    if (sends) {
      std::printf(" %.17g %.17g", gate.command()[0], gate.command()[1]);
    }
    std::printf("\\n");
  }
}
"""


def _settings(draws, latch):
    """Return what one gate goes by."""
    is_position = bool(draws.integers(2))
    start = np.array([0.2, -0.1]) if draws.integers(2) else None
    return GateSettings(
        is_position, CommandLimits(np.array([-1.0, -0.5]), np.array([1.0, 0.5]),
                                   np.array([np.inf, 2.0])),
        None if draws.integers(2) and is_position else np.array([0.1, 0.0]), start, 0.1,
        np.array([-1.5, -1.5]), np.array([1.5, 1.5]), np.array([np.inf, 3.0]),
        float(draws.choice([0.0, 0.1])), float(draws.choice([0.0, 0.3])), latch)


def _words(settings):
    """Return settings as the program reads them."""
    nothing = np.full(2, np.nan)
    arrays = (settings.limits.low, settings.limits.high, settings.limits.max_change,
              nothing if settings.safe is None else settings.safe,
              nothing if settings.start is None else settings.start, settings.low, settings.high,
              settings.fastest, np.array([settings.tolerance, settings.hold_seconds,
                                          settings.fade_seconds]))
    return [int(settings.is_position), LATCHES.index(settings.latch), *np.concatenate(arrays)]


def _events(draws):
    """Yield what happens to a gate: (what, when, numbers)."""
    now = 0.0
    for _ in range(400):
        now += float(draws.choice([0.002, 0.01, 0.02, 0.2], p=[0.4, 0.4, 0.18, 0.02]))
        what = str(draws.choice(["sense", "act", "tick", "doubt", "release"],
                                p=[0.39, 0.39, 0.2, 0.01, 0.01]))
        numbers = draws.normal(0.0, 0.4, {"sense": 4, "act": 2}.get(what, 0))
        if what == "sense":
            numbers[:2] = numbers[:2] * 0.2 + [0.2, -0.1]
        if numbers.size and draws.random() < 0.02:
            numbers[-1] = np.nan if what == "act" else 5.0
        yield what, now, np.float32(numbers).astype(np.float64)


def test_the_gate_is_that_of_python(arm_bundle, compiled):
    """Random robots and random faults: the same states and commands, event by event."""
    files = cpp_package(arm_bundle(), "my_policy").files
    run = compiled({**files, "replay.cpp": REPLAY}, "replay.cpp")
    states = set()
    for seed in range(12):
        draws = np.random.default_rng(seed)
        settings = _settings(draws, LATCHES[seed % 3])
        gate = Gate(settings, 0.1, 0.0)
        said, expected = [_words(settings)], []
        for what, now, numbers in _events(draws):
            said.append([what, now, *numbers])
            command = None
            if what == "sense":
                gate.sense(numbers[:2], numbers[2:], now)
            elif what == "act":
                command = gate.act(numbers, now)
            elif what == "tick":
                command = gate.tick(now)
            elif what == "doubt":
                gate.doubt("doubt", now)
            else:
                gate.release()
            state = ("hold", "fade", "run", "safe").index(gate.state)
            expected.append([state, gate.latched, gate.forgets, gate.stops,
                             *(() if command is None else command)])
            gate.forgets = False
            states.add(gate.state)
        done = run(said="\n".join(" ".join(map(str, line)) for line in said))
        found = [list(map(float, line.split())) for line in done.stdout.splitlines()]
        assert list(map(len, found)) == list(map(len, expected)), done.stderr
        for line, (one, other) in enumerate(zip(found, expected, strict=True)):
            np.testing.assert_allclose(one, other, atol=1e-9, err_msg=f"{seed}: {said[line + 1]}")
    assert states == {"hold", "fade", "run", "safe"}


PERIODS = b"""
#include <cstdio>
#include <iostream>
#include "my_policy/pilot.hpp"

int main() {
  double period = 0.0, now = 0.0;
  std::cin >> period;
  my_policy::MissedPeriods missed(period);
  while (std::cin >> now) {
    missed.acted(now);
    std::printf("%zu ", static_cast<std::size_t>(missed.count()));
  }
}
"""


def test_missed_periods_are_those_of_python(arm_bundle, compiled):
    """Early, late, half a period late, and silent for minutes."""
    run = compiled({**cpp_package(arm_bundle(), "my_policy").files, "periods.cpp": PERIODS},
                   "periods.cpp")
    draws = np.random.default_rng(8)
    gaps = np.concatenate([draws.choice([0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 4096.0], 200),
                           draws.exponential(1.0, 200)])
    times = np.cumsum(gaps) / 64.0  # of halves, exact
    missed = MissedPeriods(64.0)
    expected = [missed.acted(now) for now in times.tolist()]
    said = run(said=" ".join(map(repr, [1.0 / 64.0, *times.tolist()]))).stdout
    assert list(map(int, said.split())) == expected
    assert expected[0] == 0 and expected[-1] > 4096


@pytest.mark.parametrize(("rate", "timeout", "problem"), [
    (50.0, 0.1, ""), (0.02, 100.0, ""), (1e-4, None, "its rate is 0.0001 Hz, not within 0.00056 "
                                         "and 100000")])
def test_what_is_waited_for_fits_the_rate(arm_bundle, rate, timeout, problem):
    package = cpp_package(arm_bundle(rate_hz=rate), "my_policy")
    assert package.node_problem == package.controller_problem == problem
    if not problem:
        values = yaml.safe_load(package.files["config/policy.yaml"])["/**"]["ros__parameters"]
        assert values["timeout"] == timeout
        assert b'is safe, s.", 0.001, 3600.0' in package.files["src/parameters.hpp"]
