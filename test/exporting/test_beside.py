"""A file of node types that uses what lies beside it: that comes along or is refused."""

import sys
import textwrap

import pytest

from dnne_ros.cli.main import main
from dnne_ros.exporting.beside import module_beside

NODES = '''\
"""Node types."""

{imports}

from dnne_ros import Float, Node, Output


class Source(Node):
    """Give a number."""

    number = Output(Float())

    async def compute(self):
        """Give it."""
        return {{"number": {number}}}
'''
HELPER = '''\
"""A helper."""

from {other} import two


def four():
    """Return it."""
    return 2 * two()
'''


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """Write a file of node types with other files beside it; returns its path."""
    folder = tmp_path / "kit"
    folder.mkdir()
    (tmp_path / "one.json").write_text('{"1": {"class_type": "Source", "inputs": {}}}')
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)

    def write(imports, number, files=()):
        for name, text in dict(files).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(textwrap.dedent(text))
        (folder / "kit_nodes.py").write_text(NODES.format(
            imports=textwrap.dedent(imports), number=number))
        return folder / "kit_nodes.py"
    yield write
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def refused(kit, tmp_path, capsys):
    """Export what `kit` makes, expecting a refusal; returns what was said."""
    def run(*arguments, **options):
        nodes = kit(*arguments, **options)
        code = main(["export", str(tmp_path / "one.json"), "-o", str(tmp_path / "src"),
                     "--nodes", str(nodes)])
        said = capsys.readouterr().err
        assert code == 2 and not (tmp_path / "src").exists() and said.count("\n") == 1, said
        return said
    return run


def computed(package, run_words):
    """Return what the exported Source computes where only the package is."""
    done = run_words(sys.executable, "-c", textwrap.dedent(f"""\
        import asyncio
        from {package.name}.nodes.source_1 import Source1
        print(asyncio.run(Source1().compute())["number"])"""),
        environment={"PYTHONPATH": str(package.folder)})
    return done.said().strip()


@pytest.mark.parametrize("standalone", [(), ("--standalone",)], ids=["plain", "standalone"])
def test_modules_beside_it_come_along_with_what_they_import(
        kit, export, run_words, tmp_path, standalone):
    nodes = kit("from help_a import four", "four()", files={
        "help_a.py": HELPER.format(other="help_b.numbers"),
        "help_b/__init__.py": "", "help_b/numbers.py": '"""N."""\n\n\ndef two():\n    return 2\n',
        "help_b/table.txt": "data", "unused.py": "raise SystemExit"})
    package = export(tmp_path / "one.json", "--nodes", str(nodes), *standalone)
    assert {path.relative_to(package / "NAME/own_nodes").as_posix()
            for path in (package / "NAME/own_nodes").rglob("*") if path.is_file()} == {
        "__init__.py", "kit_nodes_nodes.py", "help_a.py", "help_b/__init__.py",
        "help_b/numbers.py", "help_b/table.txt"}
    assert "help" not in (package / "package.xml").read_text()
    if standalone:
        assert computed(package, run_words) == "4"


def test_data_beside_it_comes_along(kit, export, run_words, tmp_path):
    nodes = kit("""\
        import json
        from pathlib import Path

        GAINS = json.loads((Path(__file__).parent / "gains.json").read_text())
        NAME = "more"
        MORE = (Path(__file__).parent / "tables" / f"{NAME}.txt").read_text()
        """, 'float(GAINS["k"]) + float(MORE)', files={
        "gains.json": '{"k": 3}', "tables/more.txt": "4", "thesis.txt": "none of it"})
    package = export(tmp_path / "one.json", "--nodes", str(nodes), "--standalone")
    assert (package / "NAME/own_nodes/gains.json").read_text() == '{"k": 3}'
    assert not (package / "NAME/own_nodes/thesis.txt").exists()
    assert computed(package, run_words) == "7.0"
    built = run_words(sys.executable, "setup.py", "-q", "build", "-b", tmp_path / "built",
                      folder=package.folder)
    assert built.returncode == 0, built.said()
    assert (tmp_path / "built/lib" / package.name / "own_nodes/tables/more.txt").exists()


@pytest.mark.parametrize("imports, files, said", [
    ("import help_a", {"help_a.py": "x = 1"}, "write from … import instead of import help_a"),
    ("import importlib\n\nhelp_a = importlib.import_module('help_a')", {"help_a.py": "x = 1"},
     "line 5: write from help_a import …"),
    ("import importlib\n\nNAME = 'help_a'\nhelp_a = importlib.import_module(name=NAME)",
     {"help_a.py": "x = 1"}, "line 6: write from help_a import …"),
    ("def read():\n    return open('gains.json')", {"gains.json": "{}"},
     "line 4: reads 'gains.json' from the folder that it is run in"),
    ("import numpy\n\n\ndef read():\n    return numpy.load('t/w.npy')", {"t/w.npy": ""},
     "line 7: reads 't/w.npy'"),
    ("from pathlib import Path\n\nNAME = 'gains'\nFILE = Path(__file__).with_name(NAME + '.json')",
     {"gains.json": "{}"}, "line 6: makes the name of a file when it runs"),
    ("GAINS = 'gains.json'\n\n\ndef read():\n    return open(GAINS)", {"gains.json": "{}"},
     "line 7: reads 'gains.json' from the folder"),
    ("def read():\n    return open(file='gains.json')", {"gains.json": "{}"},
     "line 4: reads 'gains.json'"),
    ("import numpy\n\n\ndef read():\n    return numpy.fromfile('gains.json')",
     {"gains.json": ""}, "line 7: reads 'gains.json'"),
    ("import inspect\nfrom pathlib import Path\n\n\ndef read(self):\n"
     "    return Path(inspect.getfile(type(self))).with_name('gains.json').read_text()",
     {"gains.json": "{}"}, "line 8: asks where a class is"),
    ("import os\n\nOTHER = 'other.txt'\nHERE = os.path.dirname(__file__)\n\n\ndef read(kind):\n"
     "    return open(os.path.join(HERE, f'{kind}.json'))",
     {"gains.json": "{}", "other.txt": ""}, "line 10: makes the name of a file"),
    ("from pathlib import Path\n\nOTHER = 'other.txt'\nFILES = [\n"
     "    *Path(__file__).parent.glob('*.json')]", {"gains.json": "{}", "other.txt": ""},
     "line 7: makes the name of a file"),
    ("from pathlib import Path\n\nFILE = Path(__file__).parents[1] / 'one.json'", {},
     "line 5: uses __file__, and no string in it"),
])
def test_what_could_not_work_in_a_copy_is_refused(refused, imports, files, said):
    assert said in refused(imports, "1.0", files=files)


def test_a_module_that_is_imported_from_elsewhere_is_not_beside(tmp_path):
    for name in ("numpy", "no_such_module"):
        (tmp_path / f"{name}.py").write_text("")
    assert module_beside("numpy", tmp_path) is None
    assert module_beside("no_such_module", tmp_path) == tmp_path / "no_such_module.py"
    assert module_beside("absent", tmp_path) is None
