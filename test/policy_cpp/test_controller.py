"""The generated controller in a stand-in for ros2_control: which was never at hand."""

from pathlib import Path

import pytest

from dnne_ros.policies.interface import ObservationTerm
from dnne_ros.policy_cpp.package import cpp_package

HERE = Path(__file__).with_name("ros2_control")
HEADERS = ("controller_interface/chainable_controller_interface.hpp",
           "diagnostic_msgs/msg/diagnostic_array.hpp", "diagnostic_msgs/msg/diagnostic_status.hpp",
           "diagnostic_msgs/msg/key_value.hpp", "hardware_interface/hardware_info.hpp",
           "pluginlib/class_list_macros.hpp", "rcl_interfaces/msg/parameter_descriptor.hpp",
           "rclcpp/rclcpp.hpp", "std_msgs/msg/float64_multi_array.hpp")
"""All of which are the stand-in here."""


@pytest.fixture
def driven(compiled):
    """Compile the controller of a bundle and drive it; returns what it said."""
    def drive(bundle):
        package = cpp_package(bundle, "my_policy")
        assert package.controller_problem == ""
        stand_in = (HERE / "stand_in.hpp").read_bytes()
        run = compiled(
            {**package.files, "include/stand_in.hpp": stand_in,
             "drive.cpp": (HERE / "drive_controller.cpp").read_bytes(),
             **{f"include/{name}": b'#include "stand_in.hpp"\n' for name in HEADERS}},
            "drive.cpp", "src/policy_controller.cpp", "test/allocations.cpp")
        done = run()
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()
    return drive


@pytest.mark.slow
def test_efforts_and_what_a_chain_may_do(driven, repository):
    """Enabled, stopped, blind, deactivated, activated again: nothing is allocated meanwhile."""
    said = driven(repository / "docs/examples/cartpole_policy")
    assert said == [
        "state slider_to_cart/position", "state cart_to_pole/position",
        "state slider_to_cart/velocity", "state cart_to_pole/velocity",
        "command slider_to_cart/effort", "reference policy_controller/enable", "0 failures"]


@pytest.mark.slow
def test_positions_and_what_is_wanted_of_the_robot(driven, arm_bundle):
    target = ObservationTerm("target", "command/body/pose", ("x", "y", "z"), ("m",) * 3)
    said = driven(arm_bundle(further=(target,)))
    assert [line for line in said if line.startswith("reference")] == [
        "reference policy_controller/enable", *(
            f"reference policy_controller/target/{axis}" for axis in "xyz")]


def test_what_is_wanted_of_the_robot_is_for_a_controller_alone(arm_bundle):
    target = ObservationTerm("target", "command/body/pose", ("x", "y"), ("m",) * 2)
    package = cpp_package(arm_bundle(further=(target,)), "my_policy")
    assert package.node_problem == "it sees target/x, target/y, which no joint state has"
    assert not {"src/main.cpp", "launch/policy.launch.py"} & set(package.files)
    assert b"sensor_msgs" not in package.files["package.xml"] + package.files["CMakeLists.txt"]
    assert b"NOT YET BUILT" in package.files["src/policy_controller.cpp"]
