"""Every simulator that this package has, held to the `Simulator` interface.

A new back end is tested by its line in the registry; a new task also needs a way to survive in
`SURVIVE`.  Isaac Gym is stood in for, as in test_isaac_gym.py.
"""

import sys
from pathlib import Path

import psutil
import pytest
import torch

from dnne_ros.sim.registry import BUILT_IN, make_simulator
from dnne_ros.sim.simulator_settings import IsaacOptions
from dnne_ros.testing import SimulatorTests

STAND_IN = str(Path(__file__).with_name("isaac_stand_in"))
ELSEWHERE = ("vecenv", "mjlab", "isaaclab")  # test_vecenv.py, test_lab.py
CASES = [(backend, task) for backend in BUILT_IN if backend.name not in ELSEWHERE
         for task in backend.tasks or backend.examples]


def feedback(*gains):
    """Return a controller: observations times ``gains``."""
    return lambda observations: observations @ torch.tensor(gains).unsqueeze(1)


# For each task, actions that keep an episode going until it times out.
SURVIVE = {
    "Cartpole": feedback(2.8, 5.6, -60.0, -13.5),
    "CartPole-v1": lambda observations: (
        feedback(0.1, 0.3, 1.0, 0.6)(observations) > 0).float(),
    "InvertedPendulum-v5": feedback(0.1, 5.0, 0.3, 1.0),
}


@pytest.fixture(scope="module")
def idle_workers():
    """Workers of Isaac Gym by number of environments: each takes seconds to start."""
    idle = {}
    yield idle
    for simulators in idle.values():
        for simulator in simulators:
            simulator.close()


class TestEverySimulator(SimulatorTests):
    @pytest.fixture(params=CASES, ids=lambda case: f"{case[1]}-{case[0].name}", autouse=True)
    def case(self, request, idle_workers):
        backend, self.task = request.param
        self.backend = backend.name
        if backend.requires:
            pytest.importorskip(backend.requires)
        self.idle = idle_workers

    def survive(self, observations):
        return SURVIVE[self.task](observations)

    def make_simulator(self, num_envs, seed):
        if self.backend != "isaacgym":
            return super().make_simulator(num_envs, seed)
        if idle := self.idle.get(num_envs):
            simulator = idle.pop()
        else:
            simulator = make_simulator(
                self.task, num_envs, backend=self.backend, seed=0,
                isaac=IsaacOptions(sys.executable, STAND_IN, STAND_IN))
        # What begins anew after so many steps is what another seed begins with.
        simulator.restore({}, {"num_envs": num_envs, "steps": seed})
        return simulator

    def put_away(self, simulator):
        if self.backend == "isaacgym" and psutil.pid_exists(simulator.worker_pid):
            self.idle.setdefault(simulator.spec.num_envs, []).append(simulator)
        else:
            super().put_away(simulator)
