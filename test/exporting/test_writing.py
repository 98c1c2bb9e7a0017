"""What an export writes, and what it never writes over."""

import os
import stat

import pytest
import yaml

from dnne_ros.cli.main import main
from dnne_ros.exporting.writing import MANIFEST


@pytest.fixture
def refused(cartpole, tmp_path, capsys):
    """Export the workflow, expecting a refusal; returns what was said."""
    def run(*arguments, workflow=cartpole):
        code = main(["export", str(workflow), "-o", str(tmp_path / "src"), *arguments])
        said = capsys.readouterr().err
        assert code == 2, said
        assert "Traceback" not in said
        return said
    return run


@pytest.mark.parametrize("options", [(), ("--standalone",)], ids=["plain", "standalone"])
def test_two_exports_are_the_same_byte_by_byte(export, cartpole, tmp_path, options):
    one = export(cartpole, *options, output=tmp_path / "one")
    other = export(cartpole, *options, output=tmp_path / "other")
    assert one.contents() == other.contents()
    again = export(cartpole, *options, output=tmp_path / "one")
    assert again.contents() == other.contents()


def test_deadlines_and_the_like_come_along(export, cartpole):
    package = export(cartpole, "--set", "3.watchdog.seconds=0.5", "--set",
                     "3.watchdog.policy=restart")
    parameters = yaml.safe_load((package / "config/NAME.params.yaml").read_text())
    agent = parameters["/**/ppo_agent_3"]["ros__parameters"]
    assert agent["watchdog.seconds"] == 0.5 and agent["watchdog.policy"] == "restart"
    assert "watchdog.seconds" not in parameters["/**/ppo_trainer_6"]["ros__parameters"]


def test_has_what_a_ros_package_has(export, cartpole):
    files = set(export(cartpole, "--package", "my_robot").contents())
    assert {
        "package.xml", "setup.py", "setup.cfg", "resource/my_robot", "README.md",
        "launch/my_robot.launch.py", "config/my_robot.params.yaml", "my_robot/__init__.py",
        "my_robot/host.py", "my_robot/graph.py", "my_robot/nodes/ppo_agent_3.py",
        "graph/my_robot.json", "graph/my_robot.svg", "test/test_my_robot.py"} <= files


def test_a_second_export_updates_what_it_wrote(export, cartpole):
    package = export(cartpole)
    before = package.contents()
    export(cartpole, "--set", "6.gamma=0.5", "--place", "split")
    after = package.contents()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        MANIFEST, "README.md", "config/cartpole_ppo.params.yaml", "graph/cartpole_ppo.json",
        "graph/cartpole_ppo.svg", "cartpole_ppo/graph.py", "cartpole_ppo/nodes/ppo_trainer_6.py",
        "launch/cartpole_ppo.launch.py", "test/test_cartpole_ppo.py"}


def test_files_of_the_former_export_go(export, cartpole):
    package = export(cartpole, "--standalone")
    own = package / "NAME/mine.py"
    own.write_text("# mine\n")
    export(cartpole)
    assert not (package / "NAME/_dnne/errors.py").exists()
    assert own.read_text() == "# mine\n"


def test_edited_files_are_named_and_kept(export, refused, cartpole):
    package = export(cartpole)
    package.edit("config/NAME.params.yaml", "gamma: 0.99", "gamma: 0.9")
    package.edit("NAME/nodes/or_2.py", "await super().process()", "raise SystemExit")
    before = package.contents()
    said = refused("--set", "1.num_envs=8")
    assert "config/cartpole_ppo.params.yaml has been edited" in said
    assert "cartpole_ppo/nodes/or_2.py has been edited" in said
    assert "setup.py" not in said
    assert package.contents() == before
    export(cartpole, "--set", "1.num_envs=8", "--force")
    assert "num_envs: 8" in (package / "config/NAME.params.yaml").read_text()
    assert "SystemExit" not in (package / "NAME/nodes/or_2.py").read_text()


def test_an_edited_file_that_would_go_is_kept(export, refused, cartpole):
    package = export(cartpole, "--standalone")
    package.edit("NAME/_dnne/errors.py", "import annotations", "import annotations  # mine")
    assert "_dnne/errors.py has been edited" in refused()
    assert (package / "NAME/_dnne/errors.py").exists()


def test_a_file_that_is_gone_comes_back(export, cartpole):
    package = export(cartpole)
    before = package.contents()
    (package / "setup.py").unlink()
    export(cartpole)
    assert package.contents() == before


def test_a_file_of_a_person_in_the_way(export, refused, cartpole):
    package = export(cartpole)
    (package / "NAME/_dnne").mkdir()
    (package / "NAME/_dnne/errors.py").write_text("# mine\n")
    assert "cartpole_ppo/_dnne/errors.py is not from an export" in refused("--standalone")


def test_an_interrupted_update_is_taken_up(export, cartpole, monkeypatch):
    """Files of the new export under the old manifest are nobody's edits."""
    package = export(cartpole)
    moved = []
    rename = os.rename

    def interrupted(source, target, **folders):
        if not folders:  # else it is written aside
            if len(moved) == 15:
                raise KeyboardInterrupt
            moved.append(target)
        rename(source, target, **folders)

    monkeypatch.setattr(os, "rename", interrupted)
    assert main(["export", str(cartpole), "-o", str(package.folder.parent),
                 "--set", "6.gamma=0.5"]) == 130
    monkeypatch.undo()
    assert [path.name for path in package.folder.parent.iterdir()] == [package.name]
    export(cartpole, "--set", "6.gamma=0.5")
    assert "gamma: 0.5" in (package / "config/NAME.params.yaml").read_text()


def test_a_foreign_folder_is_refused(refused, tmp_path):
    folder = tmp_path / "src" / "cartpole_ppo"
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("mine")
    for options in ((), ("--force",)):
        assert "was not written by dnne-ros export" in refused(*options)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_is_fine(export, cartpole, tmp_path):
    (tmp_path / "src" / "cartpole_ppo").mkdir(parents=True)
    assert (export(cartpole) / "setup.py").is_file()


@pytest.mark.parametrize("make", [
    lambda folder, elsewhere: folder.symlink_to(elsewhere),
    lambda folder, elsewhere: folder.write_text("a file"),
], ids=["link", "file"])
def test_the_target_must_be_a_folder(refused, tmp_path, make):
    (tmp_path / "src").mkdir()
    (tmp_path / "elsewhere").mkdir()
    make(tmp_path / "src" / "cartpole_ppo", tmp_path / "elsewhere")
    assert "is not a folder of its own" in refused("--force")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_links_inside_are_not_followed(export, refused, cartpole, tmp_path):
    package = export(cartpole)
    elsewhere = tmp_path / "elsewhere"
    (package / "launch").rename(elsewhere)
    (package / "launch").symlink_to(elsewhere)
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}
    assert "launch is a link" in refused("--place", "split", "--force")
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == before


@pytest.mark.parametrize("manifest", [
    "", "[]", '{"format": 2, "files": {}}', '{"format": 1, "files": {"../x": "0"}}',
    '{"format": 1, "files": {"/etc/passwd": "0"}}', '{"format": 1, "files": {"a": 1}}'])
def test_a_damaged_manifest(export, refused, cartpole, manifest):
    package = export(cartpole)
    (package / MANIFEST).write_text(manifest)
    assert "is damaged" in refused("--force")


def test_a_folder_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "src").write_text("a file where the folder should be")
    assert "cannot write" in refused()


def test_a_folder_without_permission(refused, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "src").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    assert "cannot write: Permission denied" in refused()


def test_a_full_disk_leaves_the_folder_as_it_was(export, refused, cartpole, monkeypatch):
    package = export(cartpole)
    before = package.contents()
    write = os.write

    def full(file, data):
        if b"[develop]" in bytes(data):  # setup.cfg
            raise OSError(28, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(os, "write", full)
    assert "No space left on device" in refused("--set", "6.gamma=0.5")
    assert package.contents() == before
    assert [path.name for path in package.folder.parent.iterdir()] == [package.name]


@pytest.mark.parametrize("name", [
    "A", "a", "_a", "a__b", "a_", "1a", "a-b", "../a", "/tmp/a", "a b", "a/b", "json", "class",
    "torch", "dnne_ros", "rclpy", "std_msgs", "x" * 101, "é", "a\n"])
def test_package_names_that_ros_does_not_allow(refused, tmp_path, name):
    assert "package name" in refused("--package", name)
    assert not (tmp_path / "src").exists()


def test_all_problems_of_a_workflow_at_once(refused, tmp_path):
    workflow = tmp_path / "bad.json"
    workflow.write_text('{"1": {"class_type": "Nonsense", "inputs": {}}, '
                        '"2": {"class_type": "PPOAgentNode", "inputs": {"action_dim": "x"}}}')
    said = refused(workflow=workflow)
    assert "Nonsense" in said and "action_dim" in said
    assert not (tmp_path / "src").exists()
