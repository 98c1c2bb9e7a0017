"""What the simulator's nodes were called when there was only Isaac Gym."""

from __future__ import annotations

from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode, SimulatorStepNode


class IsaacGymEnvNode(SimulatorEnvNode):
    """Make the simulated environments of a task: SimulatorEnv by its older name."""

    superseded_by = "SimulatorEnvNode"


class IsaacGymStepNode(SimulatorStepNode):
    """Step the environments once for each action: SimulatorStep by its older name."""

    superseded_by = "SimulatorStepNode"
