"""What other people add: node types, port types, simulators of packages and single files."""

from __future__ import annotations

import inspect
from pathlib import Path

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError, describe
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PortType
from dnne_ros.plugins.installed import SOURCE, InstalledPlugins
from dnne_ros.plugins.kinds import Kind
from dnne_ros.plugins.single_files import module_of_file
from dnne_ros.sim.registry import BACKENDS, Backends, register

NODE_TYPES = Kind(
    "dnne_ros.nodes", "node types (subclasses of dnne_ros.Node)",
    lambda value: inspect.isclass(value) and issubclass(value, Node) and value is not Node)
# A class that inherits its name is a port type for its own node types alone.
PORT_TYPES = Kind(
    "dnne_ros.port_types", "port types (subclasses of dnne_ros.PortType that "
    "state a name)",
    lambda value: inspect.isclass(value) and issubclass(value, PortType) and "name" in vars(value))


def add_installed_plugins(catalogue: Catalogue) -> None:
    """Add what installed packages offer; `InputError` names every broken entry point.

    Simulators are only checked: they are found again when one is made, which may be in a process
    without a catalogue.
    """
    installed = InstalledPlugins()
    problems = installed.add(PORT_TYPES, catalogue.port_types.add)
    problems += installed.add(NODE_TYPES, catalogue.add)
    problems += installed.add(BACKENDS, Backends().add)
    if problems:
        raise InputError(SOURCE, problems)


def add_plugins_of_file(catalogue: Catalogue, path: Path) -> None:
    """Add what a Python file defines.

    There may be nothing: a file may also be there for what its import does, such as registering
    Gymnasium environments.  Raises `InputError` for a file that cannot be imported, and for names
    that are taken.
    """
    module = module_of_file(path)
    problems = []
    for kind, add in ((PORT_TYPES, catalogue.port_types.add), (NODE_TYPES, catalogue.add),
                      (BACKENDS, register)):
        for thing in kind.defined_in(module):
            try:
                add(thing)
            except ValueError as error:
                problems.append(str(error))
            except Exception as error:  # of a class' own code, as that of a port type
                problems.append(f"{thing!r:.80}: {describe(error)}")
    if problems:
        raise InputError(str(path), problems)
