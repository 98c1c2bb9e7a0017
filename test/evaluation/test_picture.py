"""The picture of an evaluation."""

from dnne_ros.evaluation.outcome import Episode, Outcome
from dnne_ros.evaluation.picture import picture


def test_it_is_a_png_with_any_number_of_episodes():
    for count in (1, 50):
        outcomes = [Outcome(name, [Episode(0, env, float(env), 1, "terminated", None)
                                   for env in range(count)]) for name in ("$a_b$", "b" * 60)]
        assert picture(outcomes, "title").startswith(b"\x89PNG")
