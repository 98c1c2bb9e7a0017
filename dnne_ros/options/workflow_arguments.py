"""The arguments that name a workflow and change it, shared by all commands that load one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.catalogue.plugins import add_installed_plugins, add_plugins_of_file
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.edge_settings import Setting
from dnne_ros.graph.graph import Graph
from dnne_ros.options.option import Option
from dnne_ros.plugins.trusted_code import trust_file, trust_folder
from dnne_ros.workflow.reading import read_workflow

NODES = Option(
    "nodes", "a Python file with node types, port types or simulators of your own", kind="list",
    metavar="FILE.py", explanation="Python files with node types, port types or simulators of "
    "your own, joined by semicolons.")
TRUST = Option(
    "trust", "a folder of Python files that the graph may run", kind="list", metavar="FOLDER",
    explanation="Folders of Python files that the graph may run (CustomComputation), joined by "
    "semicolons.")
WORKFLOW_OPTIONS = (
    Option("set", "change a widget; NODE is an id in the file or a ROS node name", kind="list",
           metavar="NODE.WIDGET=VALUE",
           explanation="Widgets to change, NODE.WIDGET=VALUE joined by semicolons: "
           "'1.num_envs=512;6.gamma=0.98'. NODE is an id in the file or a ROS node name; a "
           "semicolon inside a value is written \\;."),
    Option("slots_from", "the UI file of an API workflow whose output slots were lost",
           kind="file", metavar="UI_FILE"),
    NODES,
    TRUST,
)


def add_workflow_arguments(parser: argparse.ArgumentParser) -> None:
    """Add WORKFLOW and the options that change it."""
    parser.add_argument("workflow", metavar="WORKFLOW", help="a workflow file, UI or API format")
    for option in WORKFLOW_OPTIONS:
        option.add_to(parser)


def workflow_words(options: argparse.Namespace) -> list[str]:
    """Return the arguments again, for the command line of another process."""
    return [options.workflow, *(word for option in WORKFLOW_OPTIONS
                                for word in option.words(getattr(options, option.name)))]


def load_graph(options: argparse.Namespace) -> Graph:
    """Return the checked graph that the arguments name; `InputError` if anything is wrong."""
    catalogue = load_catalogue(options.nodes, options.trust)
    workflow, problems = read_workflow(
        options.workflow, catalogue.signature, slots_from=options.slots_from)
    settings = []
    for text in options.set:
        try:
            settings.append(Setting.parse(text))
        except ValueError as error:
            problems.add(f"--set {text}: {error}")
    return build_graph(workflow, catalogue, problems, settings)


def load_catalogue(files: Sequence[str], folders: Sequence[str] = ()) -> Catalogue:
    """Return the built-in types, those of installed packages, and those in ``files``.

    Simulators of both are known then, too, and graphs may run the files, and those in
    ``folders``.
    """
    for folder in folders:
        trust_folder(Path(folder))
    catalogue = Catalogue(BUILT_IN)
    add_installed_plugins(catalogue)
    for file in files:
        add_plugins_of_file(catalogue, Path(file))
        trust_file(Path(file))
    return catalogue
