"""What other programs call an option is answered with what it is called here."""

import pytest

from dnne_ros.cli.main import main
from dnne_ros.options.near_misses import _SAME_THING, unknown_arguments
from dnne_ros.options.run_settings import RUN_OPTIONS


@pytest.mark.parametrize("words, said", [
    (["--max-steps", "5"], ["unrecognised --max-steps: here it is --max-env-steps"]),
    (["--total_timesteps=1e6"], ["unrecognised --total_timesteps: here it is --max-env-steps"]),
    (["--lr", "-0.1"], ["unrecognised --lr: here it is --set NODE.learning_rate=X"]),
    (["-v", "-v"], ["unrecognised -v: here it is --ros-args --log-level debug"]),
    (["--warp", "9", "--play"], ["unrecognised --warp",
                                 "unrecognised --play: here it is --inference"]),
    (["more.json"], ["unrecognised more.json"])])
def test_an_unknown_argument_is_answered(words, said):
    assert unknown_arguments(words) == said


def test_what_is_offered_exists():
    known = {option.word for option in RUN_OPTIONS} | {"--tensorboard", "--log-to", "--quiet",
                                                       "--set", "--ros-args"}
    offered = [here.split()[0] for here in _SAME_THING if here.startswith("--")]
    assert set(offered) <= known


def test_what_exists_is_not_called_unknown():
    taken = {word for option in RUN_OPTIONS for word in (option.word, *option.also)}
    assert not taken & {f"--{name}" for names in _SAME_THING.values() for name in names}


def test_the_command_line_says_all_of_them_at_once(capsys):
    assert main(["run", "cartpole.json", "--headless", "--max-iterations", "9"]) == 2
    said = capsys.readouterr().err
    assert "--headless: here it is left out" in said
    assert "--max-iterations: here it is --max-updates" in said
