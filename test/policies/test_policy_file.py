"""What is read of a policy's file, as other nodes state it."""

from dnne_ros.policies.interface import ActionTerm, Interface, ObservationTerm
from dnne_ros.policies.policy_file import as_stated

JOINTS = ("a", "b")


def stated(order, inside):
    term = ObservationTerm("pose", "state/joint/position", JOINTS, ("rad", "m"), history=3,
                           history_order=order)
    goal = ObservationTerm("goal", "", ("x",), ("N",))
    return as_stated(Interface("Reach", JOINTS, 50.0, (term, goal), ActionTerm(
        "command/joint/effort", JOINTS, ("N m", "N")), inside=inside))


def test_every_number_that_is_measured_has_its_unit():
    """Of a history inside the network all samples come in, each in the unit of its column."""
    outside = stated("time", ())
    assert outside["observations"] == ["a.position", "b.position", "x"]
    assert outside["observation_units"] == ["rad", "m", "N"]
    by_time, by_term = stated("time", ("history",)), stated("term", ("history",))
    assert by_time["observations"][:3] == ["a.position[-2]", "b.position[-2]", "a.position[-1]"]
    assert by_time["observation_units"] == ["rad", "m"] * 3 + ["N"]
    assert by_term["observations"][:3] == ["a.position[-2]", "a.position[-1]", "a.position[0]"]
    assert by_term["observation_units"] == ["rad"] * 3 + ["m"] * 3 + ["N"]
