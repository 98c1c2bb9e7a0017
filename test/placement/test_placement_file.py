"""Placement files with hosts: each node on exactly one of them."""

import json

import pytest

from dnne_ros.errors import InputError
from dnne_ros.placement.planning import place


@pytest.fixture
def hosts_file(placement_file):
    """Write a placement file with hosts, and processes if there are any."""
    def write(hosts, processes=None):
        content = {"hosts": hosts, **({"processes": processes} if processes else {})}
        return placement_file(json.dumps(content))
    return write


def problems_of(graph, path):
    with pytest.raises(InputError) as caught:
        place(graph, path)
    return [str(problem) for problem in caught.value.problems]


def test_nodes_of_a_host_share_a_process_with_its_name(simulated, hosts_file):
    placement = place(simulated(), hosts_file({"robot": [1, "isaac_gym_step_4"],
                                               "desk": [2, 3, 5, 6]}))
    assert placement.processes == {"robot": ("1", "4"), "desk": ("2", "3", "5", "6")}
    assert placement.hosts == {"robot": ("robot",), "desk": ("desk",)}
    assert placement.host_of("desk") == "desk"
    assert placement.on_host("robot") == {"robot": ("1", "4")}
    assert placement.on_host(None) == placement.processes


def test_hosts_may_have_processes_and_nodes(simulated, hosts_file):
    placement = place(simulated(), hosts_file(
        {"robot": ["sim"], "desk": [6, "think", 5]}, {"sim": [1, 4], "think": [2, 3]}))
    assert placement.processes == {"sim": ("1", "4"), "think": ("2", "3"), "desk": ("5", "6")}
    assert set(placement.on_host("desk")) == {"think", "desk"}


def test_each_node_that_is_on_two_hosts_or_on_none_is_named(simulated, hosts_file):
    found = problems_of(simulated(), hosts_file({"robot": [1, 4, 3], "desk": [3, 5]}))
    assert found == ["node 3 is on two hosts: robot and desk", "node 2 (or_2) is on no host",
                     "node 6 (display_6) is on no host"]


@pytest.mark.parametrize(("hosts", "processes", "said"), [
    ({"robot": ["sim", 4], "desk": [2, 3, 5, 6]}, {"sim": [1, 4]},
     "host robot: node 4 is in process sim; expected the process"),
    ({"robot": ["sim"], "desk": ["sim", 2, 3, 5, 6]}, {"sim": [1, 4]},
     "node 1 is on two hosts: robot and desk"),
    ({"robot": [1, 4, 1], "desk": [2, 3, 5, 6]}, None, "node 1 is twice on host robot"),
    ({"robot": [1, 4, 9], "desk": [2, 3, 5, 6]}, None, "host 'robot': no node 9; there are"),
    ({"robot": [1, 4], "desk": [2, 3, 5, 6], "spare": []}, None, "host spare has no nodes"),
    ({"My Robot": [1, 4], "desk": [2, 3, 5, 6]}, None, "host 'My Robot' is not a legal name"),
    ({"robot": 1, "desk": [2, 3, 5, 6]}, None, "host 'robot': expected a list of nodes"),
    ({"robot": ["desk"], "desk": [2, 3, 5, 6]}, {"desk": [1, 4]},
     "process desk is on host robot and has the name of another host"),
    ([1, 2], None, "hosts: expected {NAME: [NODE or PROCESS, …]}, found [1, 2]"),
    ({"robot": [1], "desk": [2, 3, 4, 5, 6]}, None, "cannot be separated"),
])
def test_what_does_not_fit_is_one_line(simulated, hosts_file, hosts, processes, said):
    assert any(said in line for line in problems_of(simulated(), hosts_file(hosts, processes)))


def test_a_host_that_is_not_in_the_placement_is_refused(simulated, hosts_file):
    placement = place(simulated(), hosts_file({"robot": [1, 4], "desk": [2, 3, 5, 6]}))
    with pytest.raises(InputError, match="no host 'arm' in the placement; expected one of robot"):
        placement.on_host("arm")
    with pytest.raises(InputError, match="the placement has no hosts; expected --place FILE"):
        place(simulated(), "fused").on_host("robot")
