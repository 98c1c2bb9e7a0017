"""The generated C++ on the plant of the Python tests, with pipes for topics, in the plant's time.

What is built of the package is all of it that knows no ROS.  test_node.py has the node on the same
plant, in real time, where ROS 2's C++ libraries are.
"""

import importlib.util
import subprocess
from contextlib import ExitStack
from itertools import chain, pairwise
from math import inf
from pathlib import Path

import pytest

from dnne_ros.policy_cpp.package import cpp_package

HERE = Path(__file__).with_name("without_ros")
SECONDS = 20.0
SILENCE = 0.5
SAFE_AFTER = 0.15
MAX_EFFORT = 10.0
"""N: the most that the policy commands."""
MAX_CHANGE = 20.0
"""N/s: less than the policy wants where the plant begins, and enough to balance it from there."""
FADE_SECONDS = 0.5
"""As the package has it."""


@pytest.fixture(scope="module")
def plant(repository):
    """Return the module of the plant."""
    spec = importlib.util.spec_from_file_location(
        "cartpole_plant", repository / "docs/examples/cartpole_plant.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def program(compile_package, repository, tmp_path_factory):
    """Build the package's sources with a main of the test's; returns the program."""
    files = cpp_package(repository / "docs/examples/cartpole_policy", "my_policy").files
    header = "include/my_policy/policy.hpp"
    return compile_package(tmp_path_factory.mktemp("plant"), {
        **files, "include/my_policy/network.hpp": files[header],
        header: (HERE / "policy_with_memory.hpp").read_bytes(),
        "main.cpp": (HERE / "robot_over_pipes.cpp").read_bytes()}, "main.cpp")


class Robot:
    """The plant and the program that commands it.

    ``moments``, ``states``, ``remembered``, ``angles`` and ``commands`` have one entry a period:
    its beginning in seconds, the gate's state, how many actions the policy remembers, how far the
    pole leans in rad, and all that was commanded since the period before, in N.
    """

    def __init__(self, plant, process):
        self.plant, self.process, self.cart = plant, process, plant.CartPole()
        self.moments, self.states, self.remembered = [], [], []
        self.angles, self.commands = [], []

    def live(self, seconds, is_heard=True):
        """Let time pass."""
        for _ in range(round(seconds / self.plant.PERIOD)):
            self.moments.append(len(self.moments) * self.plant.PERIOD)
            joints = [f"{name} {self.cart.position(name)!r} {self.cart.velocity(name)!r}"
                      for name in self.plant.JOINTS]
            print(self.moments[-1], *(joints if is_heard else ()), file=self.process.stdin,
                  flush=True)
            state, remembered, *commands = self.process.stdout.readline().split()
            self.states.append(state)
            self.remembered.append(int(remembered))
            self.angles.append(abs(self.cart.position("cart_to_pole")))
            self.commands.append(list(map(float, commands)))
            if commands:
                self.cart.push(self.commands[-1][-1])
            self.cart.move()

    def end(self):
        """End the program; returns what it commands then."""
        self.process.stdin.close()
        last = self.process.stdout.read().split()
        assert self.process.wait() == 0
        return list(map(float, last))


@pytest.fixture
def start_robot(plant, program):
    """Return what starts plant and program, with a greatest change of commands in N/s."""
    with ExitStack() as started:
        def start(max_change):
            process = started.enter_context(subprocess.Popen(
                [program, str(max_change)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True))
            started.callback(process.kill)
            return Robot(plant, process)
        yield start


def test_the_policy_balances_the_plant(start_robot):
    robot = start_robot(inf)
    robot.live(SECONDS)
    assert max(robot.angles) < 0.3 and max(robot.angles[-60:]) < 0.01
    fading = round(FADE_SECONDS / robot.plant.PERIOD)
    assert set(robot.states[:fading]) == {"fade"} and set(robot.states[fading + 1:]) == {"run"}
    assert set(map(len, robot.commands[1:])) == {1}  # one in each period of the policy's clock
    assert robot.end() == [0.0]


@pytest.mark.parametrize(("before", "is_put_back"), [(0.3, True), (1.01, True), (SECONDS, False)])
def test_an_unplugged_robot_is_made_safe_and_faded_in_again(start_robot, before, is_put_back):
    """While the pole swings it falls, and somebody puts it back; later it stands by itself."""
    robot = start_robot(MAX_CHANGE)
    robot.live(before)
    silent = len(robot.moments)
    assert robot.remembered[-1] == silent  # an action each period, and none forgotten
    robot.live(SILENCE, is_heard=False)
    back = len(robot.moments)
    if is_put_back:
        robot.cart.put_back()
    robot.live(SECONDS)

    safe = robot.states.index("safe")
    assert robot.moments[safe] - robot.moments[silent - 1] <= SAFE_AFTER
    assert robot.commands[safe] and not any(robot.commands[silent:safe])
    assert set(chain(*robot.commands[safe:back])) == {0.0}
    assert set(robot.states[safe:back]) == {"safe"}

    assert robot.remembered[back] == 1  # the policy has begun anew
    returned = [commands[-1] for commands in robot.commands[back:]]
    for moment, command in zip(robot.moments[back:], returned, strict=True):
        share = (moment - robot.moments[back]) / FADE_SECONDS
        assert abs(command) <= MAX_EFFORT * min(share, 1.0) + 1e-9
    steps = [abs(later - sooner) for sooner, later in pairwise([0.0, *returned])]
    most = MAX_CHANGE * robot.plant.PERIOD + 1e-9
    assert max(steps) <= most
    assert not is_put_back or max(steps) > 0.99 * most  # the policy wanted more

    assert max(robot.angles[back:]) < 0.3 and max(robot.angles[-60:]) < 0.01
    assert set(robot.states[back + 60:]) == {"run"}
    assert robot.end() == [0.0]
