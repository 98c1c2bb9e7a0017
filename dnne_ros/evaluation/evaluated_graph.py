"""The graph that evaluates a policy: the one that runs it, and a node that notes its episodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.graph import Edge, Graph, GraphNode
from dnne_ros.node_api.node import Node
from dnne_ros.nodes.rl.distillation_trainer import DistillationTrainerNode
from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode
from dnne_ros.nodes.simulation.episode_evaluator import EpisodeEvaluator
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode, SimulatorStepNode
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.workflow.records import PortRef

_CAPACITY = 10
_RANDOMIZATION = "randomization"
_TRAINERS = (PPOTrainerNode, DistillationTrainerNode)


def evaluated(graph: Graph, episodes: int, environments: int | None, randomization: str | None
              ) -> Graph:
    """Return ``graph`` with one `EpisodeEvaluator`, of ``episodes``, as fast as it can.

    It has as many ``environments`` as episodes, unless said otherwise: each starts as the seed
    says, whatever the policy does, so two policies meet the same ones.  What is evaluated is what
    a trainer learns from; without one, what the simulator gives.  ``randomization`` None: that of
    the graph.  `InputError` for a graph without simulated environments, or with several.
    """
    env, step = _only(graph, SimulatorEnvNode), _only(graph, SimulatorStepNode)
    changed: dict[str, Any] = {"num_envs": environments or episodes}
    if randomization is not None:
        changed[_RANDOMIZATION] = randomization
        problems = Problems(graph.path)
        for problem in env.type.validate_parameters({**env.values, **changed}):
            problems.add(f"--{_RANDOMIZATION}: {problem}")
        problems.raise_if_any()
    judge = GraphNode(
        _free_id(graph), EpisodeEvaluator, "Evaluation", "episode_evaluator",
        {**_defaults(EpisodeEvaluator), "episodes": episodes}, process=step.process)
    edges = [
        Edge(source, PortRef(judge.id, name), graph.output_types[source], EdgePolicy.LOSSLESS,
             _CAPACITY)
        for name, source in _sources(graph, step).items()]
    drawn = {id: node for id, node in graph.nodes.items()
             if not issubclass(node.type, EpisodeEvaluator)}
    kept = [edge for edge in graph.edges if edge.target.node in drawn]
    nodes = {**drawn, judge.id: judge,
             env.id: replace(env, values={**env.values, **changed}),
             step.id: replace(step, values={**step.values, "real_time_factor": 0.0})}
    return replace(graph, nodes=nodes, edges=(*kept, *edges))


def learns(graph: Graph) -> bool:
    """Tell whether the graph's policy is in a checkpoint, rather than in a file that it names."""
    return any(issubclass(node.type, PPOAgentNode) for node in graph.nodes.values())


def _sources(graph: Graph, step: GraphNode) -> Mapping[str, PortRef]:
    """Return which outputs the inputs of the evaluator are linked to."""
    sources = {name: PortRef(step.id, name) for name in ("rewards", "done", "info")}
    trainers = [node for node in graph.nodes.values() if issubclass(node.type, _TRAINERS)]
    if len(trainers) == 1:
        learned = graph.incoming[trainers[0].id]
        for name, port in (("rewards", "reward"), ("done", "done")):
            if port in learned:
                sources[name] = learned[port][0].source
    return sources


def _only(graph: Graph, node_type: type[Node]) -> GraphNode:
    found = [node for node in graph.nodes.values() if issubclass(node.type, node_type)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"node {node.id} ({node.title!r})" for node in found) or "none"
    raise InputError(graph.path, [
        f"expected one {node_type.type_name}, whose episodes are evaluated, found {names}"])


def _free_id(graph: Graph) -> str:
    number = max((int(id) for id in graph.nodes if id.isascii() and id.isdigit()), default=0) + 1
    return str(number)


def _defaults(node_type: type[Node]) -> dict[str, Any]:
    return {name: widget.default for name, widget in node_type.widgets.items()}
