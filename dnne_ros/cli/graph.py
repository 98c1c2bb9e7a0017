"""``dnne-ros graph``: draw a workflow."""

from __future__ import annotations

import argparse
from pathlib import Path

from dnne_ros.cli.output import say
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "graph", help="draw a workflow as SVG",
        description="Draw a workflow as SVG: the user's canvas with port types, edge policies "
                    "and processes.",
        epilog="example: dnne-ros graph my_graph.json --place split -o graph.svg")
    add_workflow_arguments(parser)
    parser.add_argument("--place", default="", metavar="fused|split|FILE",
                        help="colour nodes by the processes of this placement")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.svg",
                        help="where to write the picture; - is standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the picture."""
    from dnne_ros.graph.drawing import draw
    from dnne_ros.placement.planning import place

    graph = load_graph(options)
    placement = place(graph, options.place)
    svg = draw(graph, {node: placement.process_of(node) for node in graph.nodes})
    if options.output == "-":
        print(svg, end="")
        return 0
    try:
        write_file(Path(options.output), svg.encode())
    except OSError as error:
        raise InputError(options.output, [f"cannot write: {error.strerror}"]) from None
    say(f"wrote {options.output}")
    return 0
