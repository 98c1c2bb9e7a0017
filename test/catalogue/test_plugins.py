from dnne_ros.catalogue.plugins import node_types_in_file

SOURCE = '''
from dnne_ros.node_api.node import Node


class {name}(Node):
    """A type."""
'''


def test_a_file_that_has_not_changed_gives_the_same_types_again(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(SOURCE.format(name="Mine"))
    [first] = node_types_in_file(file)
    assert node_types_in_file(file) == [first]
    file.write_text(SOURCE.format(name="Changed"))
    assert [type.type_name for type in node_types_in_file(file)] == ["Changed"]


def test_two_files_of_the_same_name_do_not_replace_each_other(tmp_path):
    types = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "same.py"
        file.write_text(SOURCE.format(name=folder.title()))
        types += node_types_in_file(file)
    assert [type.type_name for type in types] == ["One", "Two"]
    assert types[0].__module__ != types[1].__module__
