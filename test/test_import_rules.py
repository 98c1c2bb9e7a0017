"""Which room may import which: the table of the design, and what stays unloaded at start."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dnne_ros"

# What each room may import: rooms that stand below it.  Read from the bottom up, nothing points
# up.
MAY_IMPORT = {
    "errors": (),
    "strict_json": (),
    "strict_yaml": (),
    "arrays": (),
    "cuda_graphs": (),
    "durable_files": (),
    "workflow": ("errors",),
    "plugins": ("errors",),
    "sim": ("plugins", "cuda_graphs", "errors"),
    "learning": ("arrays", "durable_files", "errors"),
    "rl": ("learning", "arrays", "cuda_graphs", "errors"),
    "supervised": ("durable_files", "errors"),
    "perception": ("learning", "durable_files"),
    "messages": ("errors",),
    "metrics": ("errors",),
    "spans": ("tracing", "transport", "errors"),
    "transport": ("messages", "metrics", "errors"),
    "node_api": ("transport", "rl", "arrays", "errors"),
    "toolkit": ("node_api", "errors"),
    "testing": ("node_api", "toolkit", "transport", "messages", "sim", "rl", "arrays", "errors"),
    "nodes": ("node_api", "toolkit", "transport", "messages", "sim", "learning",
              "rl", "supervised", "perception", "policies", "plugins", "arrays",
              "durable_files", "errors", "strict_yaml"),
    "catalogue": ("nodes", "node_api", "sim", "plugins", "workflow", "errors"),
    "graph": ("catalogue", "node_api", "transport", "workflow", "arrays", "errors"),
    "placement": ("graph", "node_api", "transport", "durable_files", "errors", "strict_yaml"),
    "checkpoints": ("learning", "node_api", "arrays", "durable_files", "errors", "strict_json"),
    "policies": ("checkpoints", "durable_files", "errors", "strict_json", "strict_yaml"),
    "policy_export": ("policies", "checkpoints", "node_api", "rl", "errors", "strict_json"),
    "policy_import": ("policies", "learning", "durable_files", "errors", "strict_json",
                      "strict_yaml"),
    "policy_cpp": ("policies", "exporting", "errors"),
    "security": ("durable_files", "errors"),
    "parameter_files": ("security", "graph", "node_api", "durable_files", "errors"),
    "deadlocks": (),
    "tracing": ("transport", "durable_files", "errors"),
    "debugging": ("arrays", "errors"),
    "debugger": ("cli", "options", "parameter_files", "debugging", "tracing", "runtime", "errors"),
    "recording": ("graph", "node_api", "transport", "messages", "workflow", "durable_files",
                 "errors"),
    "loggers": ("plugins", "durable_files", "errors", "strict_json"),
    "options": ("catalogue", "graph", "checkpoints", "node_api", "metrics", "plugins", "workflow",
               "errors"),
    "runtime": ("options", "security", "deadlocks", "debugging", "tracing", "spans", "metrics",
               "recording", "placement", "graph", "checkpoints", "toolkit", "node_api", "messages",
               "transport", "workflow", "errors", "strict_json"),
    "replaying": ("recording", "runtime", "options", "catalogue", "graph", "testing", "node_api",
                 "messages", "transport", "workflow", "errors"),
    "hosting": ("options", "parameter_files", "runtime", "spans", "placement", "graph", "errors"),
    "launching": ("options", "parameter_files", "security", "placement", "graph", "node_api",
                  "transport", "tracing", "errors"),
    "exporting": ("options", "placement", "graph", "node_api", "plugins", "transport",
                  "workflow", "durable_files", "errors"),
    "top": ("options", "parameter_files", "runtime", "node_api", "errors", "strict_json"),
    "foxglove": ("options", "parameter_files", "security", "runtime", "messages", "errors"),
    "bench": ("jobs", "hosting", "runtime", "recording", "options", "placement", "nodes", "sim",
             "learning", "rl", "supervised", "policies", "node_api", "transport", "messages",
             "tracing", "durable_files", "errors", "strict_json"),
    "evaluation": ("nodes", "graph", "node_api", "transport", "workflow", "errors"),
    "cli": ("evaluation", "options", "parameter_files", "top", "foxglove", "loggers", "tracing",
           "spans", "metrics", "recording", "replaying", "security", "policies", "policy_cpp",
           "policy_export", "policy_import", "exporting", "runtime", "placement", "graph",
           "catalogue", "node_api", "sim", "transport", "workflow", "durable_files", "errors",
           "strict_json"),
    "jobs": ("cli", "runtime", "placement", "options", "node_api", "spans", "metrics",
            "durable_files", "errors", "strict_json", "strict_yaml"),
    "job_server": ("jobs", "cli", "runtime", "options", "node_api", "messages", "errors",
                  "strict_json"),
    "editor": ("web", "cli", "top", "runtime", "exporting", "options", "parameter_files",
              "placement", "graph", "catalogue", "node_api", "workflow", "durable_files", "errors",
              "strict_json"),
    "web": ("cli", "top", "debugger", "jobs", "runtime", "parameter_files", "options", "node_api",
           "messages", "errors", "strict_json"),
}
# Libraries that a room does not touch, so that it is tested, and imported, without them.
WITHOUT = {
    "errors": ("rclpy", "torch"),
    "arrays": ("rclpy",),
    "cuda_graphs": ("rclpy",),
    "durable_files": ("rclpy", "torch"),
    "workflow": ("rclpy", "torch"),
    "plugins": ("rclpy", "torch"),
    "sim": ("rclpy",),
    "learning": ("rclpy",),
    "rl": ("rclpy",),
    "supervised": ("rclpy",),
    "perception": ("rclpy",),
    "messages": ("rclpy", "torch"),
    "metrics": ("rclpy", "torch"),
    "spans": ("rclpy", "torch"),
    "node_api": ("rclpy",),
    "toolkit": ("rclpy",),
    "testing": ("rclpy",),
    "nodes": ("rclpy",),
    "catalogue": ("rclpy", "torch"),
    "graph": ("rclpy", "torch"),
    "placement": ("rclpy", "torch"),
    "policies": ("rclpy", "torch"),
    "policy_export": ("rclpy",),
    "policy_import": ("rclpy",),
    "policy_cpp": ("rclpy", "torch"),
    "security": ("rclpy", "torch"),
    "parameter_files": ("rclpy", "torch"),
    "deadlocks": ("rclpy", "torch"),
    "tracing": ("rclpy", "torch"),
    "recording": ("rclpy", "torch"),
    "loggers": ("rclpy",),
    "evaluation": ("rclpy", "torch"),
    "options": ("rclpy", "torch"),
    "launching": ("torch",),
    "jobs": ("rclpy", "torch"),
    "job_server": ("torch",),
    "web": ("torch",),
    "debugging": ("rclpy",),
    "debugger": ("torch",),
    "editor": ("torch",),
    "exporting": ("rclpy", "torch"),
}
HEAVY_IN_NODES = ("torch", "mujoco", "cv2", "sounddevice", "dnne_ros.learning", "dnne_ros.rl",
                  "dnne_ros.sim", "dnne_ros.perception", "dnne_ros.supervised")
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    """Return the folder directly below the package, or the module's own name at its top."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(path, with_types=True):
    """Yield (module, line, whether it runs when ``path`` is imported) for every import.

    ``with_types``: those for type checking alone are among them.
    """
    def walk(node, at_import):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, at_import
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = ("dnne_ros", *path.relative_to(PACKAGE).parts[:-1])
                package = package[:len(package) - node.level + 1]
                base = ".".join((*package, base)).rstrip(".")
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno, at_import
        elif is_type_checking(node):
            for child in node.body if with_types else ():
                yield from walk(child, False)
            for child in node.orelse:
                yield from walk(child, at_import)
        else:
            inside = at_import and not isinstance(
                node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in ast.iter_child_nodes(node):
                yield from walk(child, inside)
    return walk(ast.parse(path.read_text(encoding="utf-8")), True)


def belongs_to(module, package):
    return module == package or module.startswith(package + ".")


def offences(path, forbidden, only_at_import=False):
    return [f"{path.relative_to(PACKAGE.parent)}:{line} imports {module}"
            for module, line, at_import in imports(path)
            if (at_import or not only_at_import)
            and any(belongs_to(module, package) for package in forbidden)]


def rooms_imported(path):
    """Yield (room, what is said of it) for every import of another room, by ``path``."""
    for module, line, _ in imports(path):
        room = [*module.split("."), ""][1] if belongs_to(module, "dnne_ros") else ""
        # What the package itself says is for everybody: its version, the names at its door.
        if room in MAY_IMPORT and room != room_of(path):
            yield room, f"{path.relative_to(PACKAGE.parent)}:{line} imports {module}"


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_those_below_it(room):
    found = [said for path in MODULES if room_of(path) == room
             for other, said in rooms_imported(path) if other not in MAY_IMPORT[room]]
    assert not found, "\n".join(found)


def test_every_room_has_its_line():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(MAY_IMPORT) == folders | {
        "errors", "strict_json", "strict_yaml", "durable_files", "arrays",
        "cuda_graphs"}


def circle(graph):
    """Return a path that leads back to where it began, or None; ``graph``: who leads to whom."""
    done, path = set(), []

    def walk(place):
        if place in path:
            return [*path[path.index(place):], place]
        if place in done:
            return None
        path.append(place)
        found = next(filter(None, map(walk, graph.get(place, ()))), None)
        path.pop()
        done.add(place)
        return found
    return next(filter(None, map(walk, graph)), None)


def test_no_room_leads_back_to_itself():
    assert circle({"a": ("b",), "b": ("c",), "c": ("b",)}) == ["b", "c", "b"]
    assert circle(MAY_IMPORT) is None


def test_no_module_leads_back_to_itself():
    """Imports inside functions count; those for type checking alone do not, as they never run."""
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
             for path in MODULES}
    graph = {}
    for name, path in names.items():
        graph[name] = {target for module, _, at_import in imports(path, with_types=False)
                       for target in (module, module.rpartition(".")[0]) if target in names}
    assert circle(graph) is None


@pytest.mark.parametrize("room", ["jobs", "nodes"])
def test_the_folders_of_a_room_are_layers(room):
    modules = [path for path in MODULES if room_of(path) == room and path.parent.name != room]
    graph = {path.parent.name: set() for path in modules}
    for path in modules:
        parts = (module.split(".") for module, _, _ in imports(path))
        graph[path.parent.name] |= {
            name[2] for name in parts if name[:2] == ["dnne_ros", room] and name[2] in graph}
        graph[path.parent.name].discard(path.parent.name)
    assert graph and circle(graph) is None


@pytest.mark.parametrize("room", WITHOUT)
def test_a_room_does_without_some_libraries(room):
    found = [offence for path in MODULES if room_of(path) == room
             for offence in offences(path, WITHOUT[room])]
    assert not found, "\n".join(found)


def test_runtime_knows_workflows_only_as_records():
    found = []
    for path in MODULES:
        if room_of(path) == "runtime":
            found += [offence for offence in offences(path, ("dnne_ros.workflow",))
                      if "imports dnne_ros.workflow.records" not in offence]
    assert not found, "\n".join(found)


def test_nodes_import_what_is_heavy_only_when_set_up():
    found = [offence for path in MODULES if room_of(path) in ("node_api", "toolkit", "nodes")
             for offence in offences(path, HEAVY_IN_NODES, only_at_import=True)]
    assert not found, "\n".join(found)


def test_only_launching_imports_launch():
    found = [offence for path in MODULES if room_of(path) != "launching"
             for offence in offences(path, ("launch", "launch_ros"))]
    assert not found, "\n".join(found)


def test_the_rules_would_notice(tmp_path):
    for text, expected in (
            ("import torch.nn", [("torch.nn", True)]),
            ("def f():\n    from dnne_ros import rl", [("dnne_ros.rl", False)]),
            ("class C:\n    import rclpy", [("rclpy", True)]),
            ("if TYPE_CHECKING:\n    import torch\nelse:\n    import rclpy",
             [("torch", False), ("rclpy", True)])):
        source = tmp_path / "module.py"
        source.write_text(text, encoding="utf-8")
        found = [(name, at_import) for name, _, at_import in imports(source)]
        assert found == expected


@pytest.mark.parametrize("start", [
    "import dnne_ros",
    "import runpy; sys.argv = ['dnne-ros', '--help']\n"
    "try: runpy.run_module('dnne_ros', run_name='__main__')\n"
    "except SystemExit: pass",
    "from dnne_ros.catalogue.catalogue import Catalogue; list(Catalogue())",
], ids=["import", "help", "catalogue"])
def test_nothing_heavy_is_loaded_at_start(start, repository):
    code = (f"import sys\n{start}\n"
            "heavy = {'torch', 'rclpy', 'mujoco', 'matplotlib', 'launch', 'dbos', 'sqlalchemy',\n"
            "         'croniter'} & set(sys.modules)\n"
            "print('LOADED', sorted(heavy))")
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True,
                          text=True)
    assert done.stdout.splitlines()[-1:] == ["LOADED []"], done.stdout[-500:] + done.stderr
