"""A placement as a file: which nodes share a process, and which machine runs what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros import strict_yaml
from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.names import to_ros_name
from dnne_ros.graph.resources import Resources

_PARTS = ("processes", "hosts", "resources")


class PlacementFile:
    """What a YAML or JSON file asks for.

    ::

        processes:           # may be left out where there are hosts
          sim: [1, 4]        # ids or ROS names of nodes
        hosts:               # may be left out; with them each node is on exactly one
          robot: [sim]       # names of processes,
          desk: [3, 6]       # or nodes: they share a process with the host's name
        resources:           # may be left out, as may each part of it
          sim: {cores: [1], gpus: [0], memory: 2GB, nice: 5, realtime: 20}
    """

    def __init__(self, path: Path, graph: Graph, problems: Problems):
        """Read ``path``, and note in ``problems`` all that does not fit ``graph``.

        Raises `InputError` for a file that is none.
        """
        self._graph = graph
        self._problems = problems
        self._by_name = {node.ros_name: id for id, node in graph.nodes.items()}
        self.wanted: dict[str, str] = {}
        """The process of each node that the file names, by the node's id."""
        self.hosts: dict[str, tuple[str, ...]] = {}
        """The processes on each host."""
        document = _document(path)
        processes = document.get("processes", {})
        for process, members in self._lists("process", processes):
            for node in self._nodes(f"process {process!r:.40}", members):
                if self.wanted.setdefault(node, process) != process:
                    problems.add(f"node {node} is in two processes: {self.wanted[node]} and "
                                 f"{process}")
        if "hosts" in document:
            self._read_hosts(document["hosts"], processes)
        self.resources = self._read_resources(document.get("resources", {}))
        """What the file asks for, by the name of the process."""

    def check_resources(self, processes: Collection[str]) -> None:
        """Note the resources of processes that there are not."""
        for name in self.resources:
            if name not in processes:
                self._problems.add(f"resources: no process {name!r:.40}; there are "
                                   f"{', '.join(processes)}")

    def _read_resources(self, asked: Any) -> dict[str, Resources]:
        if not isinstance(asked, Mapping):
            self._problems.add("resources: expected {PROCESS: {nice: …}}, "
                               f"found {asked!r:.80}")
            return {}
        return {str(name): Resources.read(wanted, partial(self._note_resource, name))
                for name, wanted in asked.items()}

    def _note_resource(self, process: Any, problem: str) -> None:
        self._problems.add(f"resources of process {process!r:.40}: {problem}")

    def _read_hosts(self, hosts: Any, processes: Mapping[Any, Any]) -> None:
        if not isinstance(hosts, Mapping) or not hosts:
            self._problems.add("hosts: expected {NAME: [NODE or PROCESS, …]}, "
                               f"found {hosts!r:.80}")
            return
        placed = dict(self.wanted)
        host_of: dict[str, str] = {}
        for host, members in self._lists("host", hosts):
            here = [node for node, process in placed.items() if process in map(str, members)]
            alone = list(self._nodes(f"host {host!r:.40}", [
                member for member in members if str(member) not in processes]))
            for node in (*here, *alone):
                if node in placed and node in alone:
                    self._problems.add(f"host {host}: node {node} is in process {placed[node]}; "
                                       "expected the process")
                elif alone.count(node) > 1:
                    self._problems.add(f"node {node} is twice on host {host}")
                elif host_of.setdefault(node, host) != host:
                    self._problems.add(f"node {node} is on two hosts: {host_of[node]} and {host}")
                else:
                    self.wanted.setdefault(node, host)
            self.hosts[host] = tuple(dict.fromkeys(
                self.wanted[node] for node, its_host in host_of.items() if its_host == host))
            if not self.hosts[host]:
                self._problems.add(f"host {host} has no nodes")
        for id, lacking in self._graph.nodes.items():
            if id not in host_of:
                self._problems.add(f"node {id} ({lacking.ros_name}) is on no host")
        for process, its_host in self._shared_names():
            self._problems.add(f"process {process} is on host {its_host} and has the name of "
                               "another host")

    def _shared_names(self) -> Iterator[tuple[str, str]]:
        """Give the processes, with their hosts, that would be mixed up with another host's."""
        for host, processes in self.hosts.items():
            for process in processes:
                if process != host and process in self.hosts:
                    yield process, host

    def _lists(self, kind: str, lists: Mapping[Any, Any]) -> Iterator[tuple[str, list[Any]]]:
        """Give the names with their members, as far as they are legal."""
        for name, members in lists.items():
            if not isinstance(name, str) or name != to_ros_name(name):
                self._problems.add(f"{kind} {name!r:.40} is not a legal name; expected lower-case "
                                   "letters, digits and single underscores")
            if isinstance(members, list):
                yield str(name), members
            else:
                self._problems.add(f"{kind} {name!r:.40}: expected a list of nodes")

    def _nodes(self, where: str, members: list[Any]) -> Iterator[str]:
        for member in members:
            node = self._by_name.get(str(member), str(member))
            if node in self._graph.nodes:
                yield node
            else:
                known = ", ".join(f"{id} ({n.ros_name})" for id, n in self._graph.nodes.items())
                self._problems.add(f"{where}: no node {member!r:.40}; there are {known}")


def _document(path: Path) -> Mapping[Any, Any]:
    try:
        document = strict_yaml.loads(read_file(path).decode())
    except OSError as error:
        raise InputError(str(path), [
            f"cannot read the placement: {error.strerror}; expected fused, split or a file",
        ]) from None
    except ValueError as error:
        raise InputError(str(path), [f"neither YAML nor JSON: {error}"]) from None
    if not isinstance(document, Mapping) or not {*_PARTS} & set(document) \
            or not isinstance(document.get("processes", {}), Mapping):
        raise InputError(str(path), ['expected {"processes": {NAME: [NODE, …]}}, or {"hosts": '
                                     "{NAME: [NODE, …]}}"])
    if unknown := [name for name in document if name not in _PARTS]:
        raise InputError(str(path), [f"unknown entries: {', '.join(map(repr, unknown))}; expected "
                                     f"{', '.join(_PARTS)}"])
    return document
