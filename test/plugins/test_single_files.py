"""Single Python files as modules."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.plugins.single_files import module_of_file


def test_a_file_that_has_not_changed_is_the_same_module(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("VALUE = object()")
    first = module_of_file(file)
    assert module_of_file(file) is first
    file.write_text("CHANGED = 1")
    assert module_of_file(file).CHANGED == 1 and not hasattr(module_of_file(file), "VALUE")


def test_two_files_of_the_same_name_do_not_replace_each_other(tmp_path):
    modules = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "same.py"
        file.write_text(f"FOLDER = {folder!r}")
        modules.append(module_of_file(file))
    assert [module.FOLDER for module in modules] == ["one", "two"]
    assert modules[0].__name__ != modules[1].__name__


@pytest.mark.parametrize("name, source, expected", [
    ("mine.txt", "", "expected a Python file"),
    ("mine.py", "import no_such_thing", "cannot be imported: ModuleNotFoundError"),
    ("mine.py", "raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
    ("mine.py", "raise KeyboardInterrupt", "cannot be imported: .*: it raises KeyboardInterrupt"),
    ("mine.py", "(", "cannot be imported: SyntaxError")])
def test_what_is_no_module(tmp_path, name, source, expected):
    file = tmp_path / name
    file.write_text(source)
    with pytest.raises(InputError, match=expected) as caught:
        module_of_file(file)
    assert caught.value.source == str(file)
