"""What nodes give follows no clock that a replay does not know."""

from test_import_rules import MODULES, PACKAGE, imports

ROOMS = ("nodes", "toolkit", "perception", "messages", "rl", "learning", "supervised")
MACHINE = {
    "nodes/policies/leapp_policy.py": "how long an inference took, for the health",
    "nodes/policies/onnx_policy.py": "how long an inference took, for the health",
    "nodes/policies/policy_health.py": "when the health is told again",
    "nodes/rl/frozen_agent.py": "how long an inference took, for the health",
    "nodes/rl/training_progress.py": "when others have their turn, and the progress is shown",
    "nodes/simulation/episode_evaluator.py": "when the progress is shown",
    "nodes/simulation/real_time.py": "when the health is told again",
    "nodes/simulation/simulator_camera.py": "when another picture is tried, for who looks on",
    "toolkit/throttle.py": "what others are shown now and then",
}
"""Modules that read the machine's clock by themselves, and what for: nothing that goes to a port.

Others ask ``context.steady``, ``context.clock`` or ``context.topics``, which a recording knows.
"""


def test_nodes_read_the_machines_clock_for_nothing_that_they_give():
    found = {str(path.relative_to(PACKAGE)) for path in MODULES
             if path.relative_to(PACKAGE).parts[0] in ROOMS
             and any(module.split(".")[0] in ("time", "datetime")
                     for module, _, _ in imports(path))}
    assert found == MACHINE.keys()
