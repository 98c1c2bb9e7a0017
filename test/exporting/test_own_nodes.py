"""Node types of other people: the document, entry points, hooks, and their way into exports."""

import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from dnne_ros.cli.main import main


@pytest.fixture
def shell(tmp_path, repository):
    """Run a command line in a folder with the repository's docs and ``dnne-ros`` on the path."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in (("dnne-ros", "dnne_ros"), ("pytest", "pytest")):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        script.chmod(0o755)
    shutil.copytree(repository / "docs", tmp_path / "docs")
    environment = {**os.environ, "PYTHONPATH": str(repository),
                   "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}

    def run(line):
        done = subprocess.run(line, shell=True, cwd=tmp_path, env=environment, text=True,
                              timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        return done.stdout
    return run


@pytest.mark.slow
def test_the_document_followed_to_the_letter(shell, tmp_path, repository):
    text = (repository / "docs" / "own_nodes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for name, code in zip(("low_pass.py", "test_low_pass.py"), blocks):
        assert code == (repository / "docs" / "examples" / name).read_text()
        (tmp_path / name).write_text(code)
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
                for line in block.splitlines()]
    printed = [shell(command) for command in commands]
    assert [" ".join(command.split()[:2]) for command in commands] == [
        "dnne-ros nodes", "pytest test_low_pass.py", "dnne-ros check", "dnne-ros run",
        "dnne-ros export"]
    assert "How much of the last action is kept." in printed[0]
    assert "7 passed" in printed[1]
    assert "low_pass_8/smoothed" in printed[2]
    assert "updates" in printed[3]
    package = tmp_path / "my_ws" / "src" / "cartpole_low_pass"
    assert (package / "cartpole_low_pass/own_nodes/low_pass_nodes.py").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("standalone", [False, True], ids=["plain", "standalone"])
def test_an_exported_package_carries_a_file_of_node_types(
        export, first_updates, repository, tmp_path, standalone):
    examples = repository / "docs" / "examples"
    nodes = tmp_path / "low_pass.py"
    nodes.write_text((examples / "low_pass.py").read_text())
    options = ["--nodes", str(nodes), "--set", "1.num_envs=32"]
    package = export(examples / "cartpole_low_pass.json", *options,
                     *(["--standalone"] if standalone else []))
    as_workflow = first_updates(
        [sys.executable, "-m", "dnne_ros.hosting.host",
         str(examples / "cartpole_low_pass.json")], *options, count=3)
    nodes.unlink()
    path = [package.folder] if standalone else [package.folder, repository]
    assert first_updates(package.command, python_path=path, count=3) == as_workflow


NODES = textwrap.dedent('''\
    """Node types."""

    from dnne_ros.node_api.node import Node
    from dnne_ros.node_api.port_types import Float
    from dnne_ros.node_api.ports import Output
    from dnne_ros.node_api.widget import Widget
    {imports}


    class Source(Node):
        """Give a number."""

        number = Output(Float())
        value = Widget(1.0)

        async def compute(self):
            """Give it."""
            return {{"number": self.value}}
    ''')


@pytest.fixture
def source_file(tmp_path):
    """Write a file with the node type Source and further methods; returns its path."""
    def write(methods="", imports=""):
        path = tmp_path / "sources.py"
        path.write_text(NODES.format(imports=imports) + textwrap.indent(
            "\n" + textwrap.dedent(methods), "    "))
        (tmp_path / "one.json").write_text('{"1": {"class_type": "Source", "inputs": {}}}')
        return path
    return write


def test_required_imports_are_declared(source_file, export, tmp_path):
    nodes = source_file("""\
        @classmethod
        def required_imports(cls):
            return ("cv2.aruco", "my_drivers", "json", "tenacity")

        def setup(self):
            import serial
        """)
    package = export(tmp_path / "one.json", "--nodes", str(nodes))
    declared = (package / "package.xml").read_text()
    for key in ("python3-opencv", "python3-my-drivers", "python3-serial"):
        assert f"<exec_depend>{key}</exec_depend>" in declared
    assert "json" not in declared
    assert "<!-- rosdep does not know these: pip install safetensors tenacity -->" in declared


def test_post_process_code_has_its_say(source_file, export, tmp_path):
    nodes = source_file("""\
        @classmethod
        def post_process_code(cls, code):
            return code + "\\n\\nEXTRA = 1\\n"
        """)
    package = export(tmp_path / "one.json", "--nodes", str(nodes))
    assert (package / "NAME/nodes/source_1.py").read_text().endswith("\n\n\nEXTRA = 1\n")


@pytest.mark.parametrize("methods, expected", [
    ("@classmethod\ndef required_imports(cls):\n    return ['rm -rf']",
     "expected names of modules"),
    ("@classmethod\ndef required_imports(cls):\n    raise OSError('no')",
     "required_imports(): OSError: no"),
    ("@classmethod\ndef post_process_code(cls, code):\n    return code + ')'",
     "post_process_code(): SyntaxError"),
    ("@classmethod\ndef post_process_code(cls, code):\n    return ''",
     "no longer defines class Source1"),
    ("@classmethod\ndef post_process_code(cls, code):\n    return None",
     "expected code, found NoneType"),
    ("@classmethod\ndef validate_parameters(cls, values):\n    return ['not today']",
     "not today"),
    ("VALUES = Widget(1)", "VALUES means something else"),
])
def test_hooks_that_fail_reach_the_user(source_file, tmp_path, capsys, methods, expected):
    nodes = source_file(methods)
    code = main(["export", str(tmp_path / "one.json"), "-o", str(tmp_path / "src"),
                 "--nodes", str(nodes)])
    said = capsys.readouterr().err
    assert code == 2 and expected in said and "node 1" in said, said
    assert not (tmp_path / "src").exists()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make an installed distribution with an entry point of the group dnne_ros.nodes."""
    def run(module, source, entry):
        site = tmp_path / "site"
        package = site / module
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "types.py").write_text(source)
        info = site / f"{module}_dist-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}-dist\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[dnne_ros.nodes]\n{module} = {entry}\n")
        monkeypatch.syspath_prepend(str(site))
        return site
    return run


@pytest.mark.parametrize("entry, more", [
    (".types", ""), (".types:Source", ""),
    (".types:some", "\n\ndef some():\n    return [Source]\n"),
    (".types:OFFER", "\n\nOFFER = [Source]\n")], ids=["module", "class", "function", "list"])
def test_entry_points_bring_node_types(install, capsys, entry, more):
    module = f"plug_in_{len(entry)}"
    install(module, NODES.format(imports="") + more, module + entry)
    assert main(["nodes", "Source"]) == 0
    assert "number: FLOAT" in capsys.readouterr().out


def test_a_plug_in_goes_along_when_standalone(install, export, tmp_path):
    install("plug_along", NODES.format(imports="from . import helper"), "plug_along.types")
    (tmp_path / "site/plug_along/helper.py").write_text(
        '"""Help."""\n\nfrom importlib.resources import files\n\n'
        'LIMITS = files(__package__).joinpath("data/[1].bin").read_bytes()\n')
    for name in ("data/[1].bin", "data/tool.py", "data/.hidden", "other/__init__.py",
                 "other/more.txt"):
        file = tmp_path / "site/plug_along" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"\xff\0" if name.endswith("bin") else b"")
    (tmp_path / "one.json").write_text('{"1": {"class_type": "Source", "inputs": {}}}')
    plain = export(tmp_path / "one.json", "--package", "plain_one")
    assert "from plug_along.types import Source" in (
        plain / "NAME/nodes/source_1.py").read_text()
    assert "<exec_depend>plug_along</exec_depend>" in (plain / "package.xml").read_text()
    alone = export(tmp_path / "one.json", "--standalone")
    assert {path.relative_to(alone / "NAME/own_nodes").as_posix()
            for path in (alone / "NAME/own_nodes").rglob("*") if path.is_file()} == {
        "__init__.py", "plug_along/__init__.py", "plug_along/types.py", "plug_along/helper.py",
        "plug_along/data/[1].bin"}
    subprocess.run([sys.executable, "setup.py", "-q", "build", "-b", tmp_path / "built"],
                   cwd=alone.folder, check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-c", "import sys, one.graph\n"
         "print({'dnne_ros', 'plug_along'} & set(sys.modules))"],
        env={"PYTHONPATH": str(tmp_path / "built" / "lib")}, capture_output=True, text=True,
        timeout=60)
    assert done.stdout == "set()\n", done.stderr


@pytest.mark.parametrize("source, entry, expected", [
    ("import no_such_thing", "broken_{}.types", "ModuleNotFoundError"),
    ("raise SystemExit(1)", "broken_{}.types", "SystemExit"),
    ("x = 1", "broken_{}.types", "expected node types"),
    ("x = 1", "broken_{}.types:x", "expected node types"),
    ("x = 1", "broken_{}.types:y", "AttributeError"),
])
def test_a_broken_plug_in_is_named(install, capsys, source, entry, expected, request):
    number = abs(hash(request.node.name)) % 10**6
    install(f"broken_{number}", source, entry.format(number))
    assert main(["nodes"]) == 2
    said = capsys.readouterr().err
    assert f"broken_{number}-dist" in said and expected in said
    assert "Traceback" not in said
