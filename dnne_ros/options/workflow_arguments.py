"""The arguments that name a workflow and change it, shared by all commands that load one."""

from __future__ import annotations

import argparse
from pathlib import Path

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.catalogue.plugins import add_installed_plugins, add_plugins_of_file
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.edge_settings import Setting
from dnne_ros.graph.graph import Graph
from dnne_ros.workflow.reading import read_workflow


def add_workflow_arguments(parser: argparse.ArgumentParser) -> None:
    """Add WORKFLOW, --set, --slots-from and --nodes."""
    parser.add_argument("workflow", metavar="WORKFLOW", help="a workflow file, UI or API format")
    parser.add_argument("--set", action="append", default=[], metavar="NODE.WIDGET=VALUE",
                        help="change a widget; NODE is an id in the file or a ROS node name")
    parser.add_argument("--slots-from", metavar="UI_FILE",
                        help="the UI file of an API workflow whose output slots were lost")
    add_nodes_argument(parser)


def add_nodes_argument(parser: argparse.ArgumentParser) -> None:
    """Add --nodes."""
    parser.add_argument("--nodes", action="append", default=[], metavar="FILE.py",
                        help="a Python file with node types, port types or simulators of your "
                             "own")


def workflow_words(options: argparse.Namespace) -> list[str]:
    """Return the arguments again, for the command line of another process."""
    words = [options.workflow]
    words += [word for setting in options.set for word in ("--set", setting)]
    words += [word for file in options.nodes for word in ("--nodes", file)]
    return words + (["--slots-from", options.slots_from] if options.slots_from else [])


def load_graph(options: argparse.Namespace) -> Graph:
    """Return the checked graph that the arguments name; `InputError` if anything is wrong."""
    catalogue = load_catalogue(options.nodes)
    workflow, problems = read_workflow(
        options.workflow, catalogue.signature, slots_from=options.slots_from)
    settings = []
    for text in options.set:
        try:
            settings.append(Setting.parse(text))
        except ValueError as error:
            problems.add(f"--set {text}: {error}")
    return build_graph(workflow, catalogue, problems, settings)


def load_catalogue(files: list[str]) -> Catalogue:
    """Return the built-in types, those of installed packages, and those in ``files``.

    Simulators of both are known then, too.
    """
    catalogue = Catalogue(BUILT_IN)
    add_installed_plugins(catalogue)
    for file in files:
        add_plugins_of_file(catalogue, Path(file))
    return catalogue
