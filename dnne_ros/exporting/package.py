"""A graph and its placement as the files of a ROS 2 package, in memory."""

from __future__ import annotations

import ast
import glob
from collections.abc import Callable, Mapping

from dnne_ros.errors import Problems
from dnne_ros.exporting import description
from dnne_ros.exporting.carried import carried_files
from dnne_ros.exporting.containers import container_files
from dnne_ros.exporting.dependencies import (
    dependency_keys,
    imported_modules,
    message_packages,
    pip_names,
    required_modules,
)
from dnne_ros.exporting.description import NodeView
from dnne_ros.exporting.own_sources import Sources
from dnne_ros.exporting.package_names import package_name_problem
from dnne_ros.exporting.rendering import import_block, render
from dnne_ros.exporting.workflow_file import workflow_json
from dnne_ros.graph.drawing import draw
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.options.run_settings import RUN_OPTIONS
from dnne_ros.placement.placement import Placement

_RESERVED = ("VALUES", "type_name")


def package_files(graph: Graph, placement: Placement, package: str, *, standalone: bool,
                  containers: bool = False) -> dict[str, str | bytes]:
    """Return the text of each file, or its bytes if it is no text of ours, by its path.

    ``containers``: those that make images of it, too; they hold no dnne_ros beside it.
    The same input gives the same bytes.  Raises `InputError` with all that stands in the way.
    """
    problems = Problems(graph.path)
    _check(graph, package, problems)
    required = required_modules(graph, problems)
    carried = carried_files(graph, problems)
    problems.raise_if_any()
    sources = Sources(graph, package, standalone)
    modules = required | imported_modules(graph, sources.foreign)
    data = {**sources.data, **({package: carried.data} if carried.data else {})}
    nodes = description.node_views(graph, carried)
    process_of = {id: placement.process_of(id) for id in graph.nodes}
    about = {
        "package": package, "namespace": graph.namespace, "standalone": standalone,
        "options": [option for option in RUN_OPTIONS
                    if option.packaged and (placement.hosts or not option.for_hosts)],
        "hosts": placement.hosts,
        "resources": {name: wanted.as_dict() for name, wanted in placement.resources.items()},
        "nodes": nodes, "links": description.link_views(graph),
        "processes": description.process_views(graph, placement, nodes),
        "topics": description.edge_topics(graph, placement),
        "needs_policy": description.untrained_process(graph, placement),
        "dependencies": dependency_keys({*modules, *message_packages(graph)}, sources.installed),
        "pip_names": pip_names(modules),
        # setuptools takes these names for patterns.
        "data": {owner: list(map(glob.escape, files)) for owner, files in data.items()},
    }
    files: dict[str, str | bytes] = {
        **{name: render(f"{name}.j2", **about)
           for name in ("package.xml", "setup.py", "setup.cfg", "README.md")},
        f"resource/{package}": "",
        f"launch/{package}.launch.py": render("launch.py.j2", **about),
        f"config/{package}.params.yaml": render("params.yaml.j2", **about),
        f"{package}/__init__.py": render("init.py.j2"),
        f"{package}/host.py": render("host.py.j2", imports=import_block([
            (package, "graph"), (sources.module("dnne_ros.hosting.packaged"), "run_package")])),
        f"{package}/graph.py": render("graph.py.j2", **about, imports=import_block([
            *((f"{package}.nodes", node.module) for node in nodes),
            (sources.module("dnne_ros.graph.declared"), "LinkSpec"),
            (sources.module("dnne_ros.graph.declared"), "NodeSpec")])),
        f"{package}/nodes/__init__.py": render("nodes_init.py.j2"),
        f"graph/{package}.json": workflow_json(carried.moved(graph, package), process_of),
        f"graph/{package}.svg": draw(graph, process_of),
        f"test/test_{package}.py": render("test.py.j2", **about),
        "test/test_launch.py": render("launch_test.py.j2", **about),
        **sources.files,
        **{f"{owner.replace('.', '/')}/{name}": path.read_bytes()
           for owner, below in data.items() for name, path in below.items()},
        **(_containers(graph, placement, package, modules) if containers else {}),
    }
    for node in nodes:
        files[f"{package}/nodes/{node.module}.py"] = _node_module(
            node, graph.nodes[node.id], sources.module, problems)
    problems.raise_if_any()
    return files


def _check(graph: Graph, package: str, problems: Problems) -> None:
    """Note a name that is none, and what neither Python nor a parameter file could hold."""
    if problem := package_name_problem(package):
        problems.add(problem)
    for node in graph.nodes.values():
        def note(message: str, port: str | None = None, node: GraphNode = node) -> None:
            problems.add(message, node=node.id, type=node.type.type_name, title=node.title,
                         port=port)

        for name in _RESERVED:
            if name in {**node.type.inputs, **node.type.outputs, **node.type.widgets}:
                note(f"cannot be exported: {name} means something else in a node's module", name)
        for name, value in node.values.items():
            if isinstance(value, str) and not _is_text(value):
                note("holds bytes that are no text, which ROS parameters cannot carry",
                     f"widget {name!r}")


def _containers(graph: Graph, placement: Placement, package: str, modules: set[str]
                ) -> dict[str, str]:
    return container_files(
        package, {process: placement.host_of(process) for process in placement.processes},
        {*modules, *message_packages(graph)}, pip_names(modules),
        learns=any(node.type.announces_boundaries for node in graph.nodes.values()),
        needs_policy=bool(description.untrained_process(graph, placement)))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _node_module(view: NodeView, node: GraphNode, module: Callable[[str], str],
                 problems: Problems) -> str:
    """Return a node's module after its type has had its say."""
    code = render("node.py.j2", node=view,
                  imports=import_block([(module(view.base_module), view.base)]))
    try:
        code = node.type.post_process_code(code)
        if not isinstance(code, str):
            raise TypeError(f"expected code, found {type(code).__name__}")
        tree = ast.parse(code)
        if view.class_name not in [each.name for each in tree.body
                                   if isinstance(each, ast.ClassDef)]:
            raise ValueError(f"the code no longer defines class {view.class_name}")
        code.encode()
    except Exception as error:
        problems.add(f"post_process_code(): {type(error).__name__}: {error}", node=node.id,
                     type=node.type.type_name, title=node.title)
    return code


def file_bytes(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    """Return the files as they are written: text as UTF-8, lines ending in a line feed."""
    return {path: content.encode() if isinstance(content, str) else content
            for path, content in files.items()}
