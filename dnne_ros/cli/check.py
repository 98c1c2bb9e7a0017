"""``dnne-ros check``: is a workflow sound, and what becomes of it?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dnne_ros.cli.output import say
from dnne_ros.graph.without_torch import check_torch
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph, GraphNode
    from dnne_ros.node_api.ros_actions import ActionUse
    from dnne_ros.node_api.ros_services import ServiceUse
    from dnne_ros.placement.placement import Placement


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check", help="check a workflow and report everything that is wrong",
        description="Check a workflow; list all problems at once, or say what would run.",
        epilog="example: dnne-ros check my_graph.json --set 1.num_envs=512 --explain")
    add_workflow_arguments(parser)
    parser.add_argument("--place", default="", metavar="fused|split|FILE",
                        help="also check a placement")
    parser.add_argument("--respawn", action="store_true",
                        help="also say which processes `run --respawn` starts again, and what "
                             "would be lost with the others")
    parser.add_argument("--explain", action="store_true",
                        help="also say which nodes of a process become one compiled region, and "
                             "what keeps the others out")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check, and print nodes, edges and processes."""
    from dnne_ros.placement.planning import place
    from dnne_ros.placement.restarts import obstacles
    from dnne_ros.transport.codecs import codec_for

    graph = load_graph(options)
    check_torch(graph)
    placement = place(graph, options.place)
    say(f"{graph.path}: ok. {len(graph.nodes)} nodes, {len(graph.edges)} edges, "
        f"{len(placement.processes)} process(es), namespace /{graph.namespace}")
    for process, nodes in placement.processes.items():
        lost = obstacles(graph, placement, process) if options.respawn else []
        comes_back = "" if not options.respawn else \
            f"  (not started again: {'; '.join(lost)})" if lost else "  (started again)"
        host = placement.host_of(process)
        say(f"\nprocess {process}{host and f' on host {host}'}{comes_back}")
        for node in nodes:
            one = graph.nodes[node]
            replicas, key = one.replicas, one.type.state_key()
            several = "" if replicas is None else f" × {replicas.count}, in {replicas.within}"
            state = "" if key is None else f", a state per {key}"
            say(f"  /{graph.namespace}/{one.ros_name}  "
                f"({one.type.type_name}{several}{state})")
        if options.explain:
            _explain(graph, placement, process)
    say("\nedges")
    for edge in graph.edges:
        where = "between processes" if placement.crosses(edge) else "local"
        implied = ", implied" if edge.implied else ""
        say(f"  {graph.edge_name(edge)}  [{edge.type}, {edge.policy.value}, {where}"
            f"{implied}]")
    for ref in graph.external:
        port = graph.nodes[ref.node].type.inputs[ref.port]
        say(f"  topic → {graph.topic(ref)}  [{port.type}, "
            f"{codec_for(port.type.sent_as()).message}, external]")
    drawn = graph.nodes.values()
    _say_uses(graph, "services", [(each, use) for each in drawn
                                  for use in each.type.ros_services(each.values)])
    _say_uses(graph, "actions", [(each, use) for each in drawn
                                 for use in each.type.ros_actions(each.values)])
    return 0


def _explain(graph: Graph, placement: Placement, process: str) -> None:
    """Print the regions of a process, in the order of a round, and why the others are alone."""
    from dnne_ros.placement.merging import merged

    found = merged(graph, placement, process)
    for region in found.regions:
        drawn = (graph.nodes[node].ros_name + (" (inlined)" if node in found.inlined else "")
                 for node in region)
        say(f"  one region: {', '.join(drawn)}")
    for node, reason in found.alone.items():
        say(f"  by itself: {graph.nodes[node].ros_name}: {reason}")


def _say_uses(graph: Graph, what: str,
              uses: Sequence[tuple[GraphNode, ServiceUse | ActionUse]]) -> None:
    """Print which services, or actions, of other ROS nodes the graph calls and offers."""
    if uses:
        say(f"\n{what}")
    for node, use in uses:
        say(f"  {node.ros_name} {'offers' if use.serves else 'calls'} "
            f"{graph.full_name(node, use.name)}  [{use.type}]")
