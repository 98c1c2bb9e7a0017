"""What a trainer does at the end of an update."""

from types import SimpleNamespace

import pytest

from dnne_ros.nodes.rl.training_progress import TrainingProgress
from dnne_ros.toolkit.begun import Begun, begin


class Boundary:
    def __init__(self, saves):
        self.saves = saves

    async def reached(self):
        pass


@pytest.mark.parametrize(("saves", "paused", "leaves"), [
    (False, False, False), (True, False, True), (False, True, True)])
def test_who_makes_an_update_in_a_call_leaves_where_all_is_to_stand(saves, paused, leaves):
    said = []
    progress = TrainingProgress(SimpleNamespace(
        checkpoint_enabled=False, max_updates=0, context=SimpleNamespace(
            paused=paused, boundary=lambda *_, **__: Boundary(saves))))
    shared = SimpleNamespace(commit=lambda hold: said.append(("commit", hold)),
                             release=lambda: said.append("release"))
    reaching = progress.reach_boundary(
        shared, 0.0, SimpleNamespace(mean_return=0.0, window_full=False))
    if leaves:
        with pytest.raises(Begun):
            begin(reaching)
        assert said == [("commit", saves)]
        reaching.close()
    else:
        begin(reaching)
        assert said == [("commit", False), "release"]
