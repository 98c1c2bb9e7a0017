"""What files may ask for of a machine."""

import pytest

from dnne_ros.graph.resources import Resources


def read(asked):
    """Return the resources and the problems."""
    problems = []
    return Resources.read(asked, problems.append), problems


def test_what_is_asked_for():
    found, problems = read({"cores": [2, 0, 2], "gpus": 1, "memory": "1.5GB", "nice": -5,
                            "realtime": 99})
    assert not problems
    assert found == Resources((0, 2), (1,), 1_500_000_000, -5, 99)
    assert read(found.as_dict()) == (found, []), "what is exported is read again"
    assert read({}) == (Resources(), [])


@pytest.mark.parametrize(("asked", "said"), [
    ([1], "expected {cores, gpus, memory, nice, realtime} with values, found [1]"),
    ({"core": 1}, "no resource 'core'; there are cores, gpus, memory, nice, realtime"),
    ({"cores": []}, "cores: expected numbers from 0, such as [0, 1], found []"),
    ({"gpus": [-1]}, "gpus: expected numbers from 0, such as [0, 1], found [-1]"),
    ({"cores": True}, "cores: expected numbers from 0, such as [0, 1], found True"),
    ({"memory": "8"}, "memory: expected a size from 256MiB, such as 2GB, found '8'"),
    ({"memory": "10MB"}, "memory: expected a size from 256MiB, such as 2GB, found '10MB'"),
    ({"nice": 20}, "nice: expected a whole number from -20 to 19, found 20"),
    ({"realtime": 0.5}, "realtime: expected a whole number from 1 to 99, found 0.5")])
def test_what_makes_no_sense_is_said(asked, said):
    assert read(asked) == (Resources(), [said])


def test_defaults_and_differences():
    asked, others = Resources(nice=5, cores=(0,)), Resources(nice=1, realtime=3)
    assert asked.with_defaults(others) == Resources(nice=5, cores=(0,), realtime=3)
    assert asked.differing(others) == ["nice"]
