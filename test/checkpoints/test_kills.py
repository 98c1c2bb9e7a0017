"""A checkpoint is of one generation wherever its writer is killed; `make kills` does it often."""

from save_loop import kill_savers, save

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore


def test_savers_that_are_killed_leave_one_generation(tmp_path):
    assert kill_savers(tmp_path / "c", 15)["saves"] >= 15
    save(CheckpointStore(tmp_path / "c"), 1000)
    names = {path.name for path in (tmp_path / "c").rglob("*") if path.is_file()}
    assert len(names) == 3 + 3  # of either node the same names; what was left is gone
