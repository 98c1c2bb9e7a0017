"""Which room may import which: the table of the design, and what stays unloaded at start."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dnne_ros"

FORBIDDEN = {
    "errors": ("dnne_ros",),
    "workflow": ("dnne_ros.nodes", "rclpy", "torch"),
    "nodes": ("rclpy", "launch", "launch_ros"),
    "graph": ("dnne_ros.placement", "dnne_ros.runtime", "rclpy", "torch"),
    "placement": ("dnne_ros.runtime", "rclpy", "torch"),
    "launching": ("dnne_ros.runtime", "torch"),
    "exporting": ("dnne_ros.runtime", "torch"),
    "messages": ("dnne_ros.graph", "dnne_ros.nodes", "dnne_ros.runtime", "rclpy", "torch"),
    "transport": ("dnne_ros.graph", "dnne_ros.nodes"),
    "runtime": ("dnne_ros.launching", "dnne_ros.exporting"),
    "sim": ("rclpy", "dnne_ros.rl", "dnne_ros.nodes"),
    "perception": ("rclpy", "dnne_ros.nodes"),
    "rl": ("rclpy", "dnne_ros.sim", "dnne_ros.nodes"),
    "supervised": ("rclpy", "dnne_ros.sim", "dnne_ros.rl", "dnne_ros.nodes"),
}
HEAVY_IN_NODES = ("torch", "mujoco", "cv2", "sounddevice", "dnne_ros.rl", "dnne_ros.sim",
                  "dnne_ros.perception", "dnne_ros.supervised")
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    """Return the folder directly below the package, or the module's own name at its top."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(path):
    """Yield (module, line, whether it runs when ``path`` is imported) for every import."""
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
            for child in node.body:
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


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_keeps_to_its_own(room):
    found = [offence for path in MODULES if room_of(path) == room
             for offence in offences(path, FORBIDDEN[room])]
    assert not found, "\n".join(found)


def test_runtime_knows_workflows_only_as_records():
    found = []
    for path in MODULES:
        if room_of(path) == "runtime":
            found += [offence for offence in offences(path, ("dnne_ros.workflow",))
                      if "imports dnne_ros.workflow.records" not in offence]
    assert not found, "\n".join(found)


def test_nodes_import_what_is_heavy_only_when_set_up():
    found = [offence for path in MODULES if room_of(path) == "nodes"
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
    "from dnne_ros.nodes.catalogue import Catalogue; list(Catalogue())",
], ids=["import", "help", "catalogue"])
def test_nothing_heavy_is_loaded_at_start(start, repository):
    code = (f"import sys\n{start}\n"
            "heavy = {'torch', 'rclpy', 'mujoco', 'matplotlib', 'launch'} & set(sys.modules)\n"
            "print('LOADED', sorted(heavy))")
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True,
                          text=True, timeout=60)
    assert done.stdout.splitlines()[-1:] == ["LOADED []"], done.stdout[-500:] + done.stderr
