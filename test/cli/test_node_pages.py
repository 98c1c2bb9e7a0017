"""The pages about node types: complete, with a workflow that uses each, and as the types are."""

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.cli.node_pages import INDEX, node_pages, write_pages
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.plugins.trusted_code import trust_file

COMMAND = ("dnne-ros nodes --write docs/nodes --examples config/workflows --examples "
           "docs/examples --nodes config/workflows/balance.py --nodes "
           "config/workflows/reach_by_camera.py")


@pytest.fixture(scope="module")
def pages(repository):
    """Return the pages as they should be, by file name."""
    for name in ("balance.py", "reach_by_camera.py"):
        trust_file(repository / "config" / "workflows" / name)
    return node_pages(Catalogue(), [repository / "config" / "workflows",
                                    repository / "docs" / "examples"],
                      repository / "docs" / "nodes")


def test_the_pages_are_current(pages, repository):
    folder = repository / "docs" / "nodes"
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    changed = sorted(name for name in {*pages, *found} if pages.get(name) != found.get(name))
    assert not changed, f"not as the node types are declared: {', '.join(changed)}; run {COMMAND}"


def test_every_type_has_a_workflow_that_uses_it(pages):
    # Their messages are not among the wheels, so no workflow with them can be checked everywhere.
    elsewhere = {"FollowJointTrajectory.md", "JointTrajectoryPublisher.md", "NavigateToPose.md"}
    assert {name for name, text in pages.items() if "## In a graph" not in text} \
        <= elsewhere | {INDEX}


def test_a_node_of_drawings_shows_what_runs_for_it(pages):
    assert "4:trainer  ppo_trainer_4_trainer" in pages["PPOAgent.md"]
    assert "Files that give it none of these ports mean [PPOAgentNode]" in pages["PPOAgent.md"]
    for name in ("PPOAgent.md", "PPOConfig.md", "IsaacGymEnvs.md"):
        assert "It does not run itself" in pages[name]
        assert "ROS parameter" not in pages[name] and "deadlines" not in pages[name]


class MixerNode(Node):
    """Mix *two* | values.

    ``gain`` counts twice.
    """

    aliases = ("Blend",)
    category = "audio"
    own_process = True

    left = Input(Float(), "One | of them.", optional=True, aliases=("a",))
    mixed = Output(Float(), "Their sum.")
    gain = Widget(0.5, "How much.", minimum=0.0, maximum=2.0, unit="dB", live=True)
    mode = Widget("fast", "How.", choices=("fast", "exact"))


class OtherNode(Node):
    """Do nothing."""


def test_a_page_says_all_that_the_declaration_says(tmp_path):
    page = node_pages(Catalogue([MixerNode]), [], tmp_path)["MixerNode.md"]
    for text in ("Mix *two* | values.\n\n`gain` counts twice.", "Category: audio. Also written "
                 "`Blend`.", "process of its own",
                 "| `left` | FLOAT | `std_msgs/msg/Float64` | One \\| of them. Optional. Also "
                 "written `a`. |",
                 "| `gain` | `0.5` | a number from 0.0 to 2.0 (dB) | live | How much. |",
                 "| `mode` | `'fast'` | one of fast, exact |  | How. |"):
        assert text in page, page


def test_writing_replaces_removes_and_leaves_other_files(tmp_path):
    (tmp_path / "notes.md").write_text("by hand")
    write_pages(node_pages(Catalogue([MixerNode]), [], tmp_path), tmp_path)
    write_pages(node_pages(Catalogue([OtherNode]), [], tmp_path), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "OtherNode.md", "README.md", "notes.md"]


def test_a_folder_of_examples_that_is_not_there(command, tmp_path):
    done = command("nodes", "--write", tmp_path / "pages", "--examples", tmp_path / "none")
    assert done.returncode == 2 and not (tmp_path / "pages").exists()
    assert "none: there is no such folder" in done.stderr and "Traceback" not in done.stderr
